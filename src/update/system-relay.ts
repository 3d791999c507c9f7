import { setTimeout as pause } from 'node:timers/promises';
import type { Relay } from './apply.js';
import type { Version } from './version.js';

/** How a relay says that it is; all versions must go on saying this much. */
export interface Standing {
  readonly version: string;
  readonly ready: boolean;
}

/** What is needed of the machine. */
export interface SystemRelayOptions {
  /** @returns systemctl's exit code */
  readonly systemctl: (args: readonly string[]) => Promise<number>;
  /** @returns what the running relay says, undefined when none answers */
  readonly standing: () => Promise<Standing | undefined>;
  /** Milliseconds that do not jump when the clock is set. */
  readonly now: () => number;
  /** Milliseconds from a start to ready, and between looks. */
  readonly patience: number;
  readonly pause: number;
}

const UNIT = 'snug.service';

/** The relay as systemd runs it. */
export class SystemRelay implements Relay {
  readonly #options: SystemRelayOptions;

  constructor(options: SystemRelayOptions) {
    this.#options = options;
  }

  /** Without waiting: a unit that cannot start would hold us for its own patience. */
  async restart(): Promise<void> {
    const { systemctl } = this.#options;
    // Else a version that failed often would keep the one before from being started.
    await systemctl(['reset-failed', UNIT]);
    if ((await systemctl(['restart', '--no-block', UNIT])) !== 0) {
      throw new Error(`systemctl does not restart ${UNIT}`);
    }
  }

  /** @returns whether it was ready in time; false at once when systemd has given it up */
  async waitReady(version: Version): Promise<boolean> {
    const { systemctl, standing, now, patience, pause: wait } = this.#options;
    const deadline = now() + patience;
    for (;;) {
      const found = await standing();
      if (found?.ready === true && found.version === version) return true;
      const givenUp = (await systemctl(['is-failed', '--quiet', UNIT])) === 0;
      if (givenUp || now() >= deadline) return false;
      await pause(wait);
    }
  }
}
