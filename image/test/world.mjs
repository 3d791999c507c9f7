// What all parts of the boot test share: the private Tor network, an operator's key, and cards.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../lib/run.mjs';
import { makeCard } from './card.mjs';
import { guestFiles } from './guest-files.mjs';
import { Machine } from './machine.mjs';
import { makeKey } from './operator.mjs';
import { startProxy } from './socks-proxy.mjs';
import { startNetwork } from './visit.mjs';

/** What the card shows on every console. */
export const ADDRESS = /http:\/\/([a-z2-7]{56}\.onion)\/invite\//;
/** What the relay logs once visitors can reach it. */
const READY = /snug: ready: http:\/\/([a-z2-7]{56}\.onion)\/invite\//;
/** For one start on a busy machine; it takes about 200 s on an idle one. */
export const BOOT_SECONDS = 900;

/** The world of one run. */
export class World {
  #proxy;

  /** @param {{ image: string, folder: string, signal: AbortSignal }} given */
  constructor({ image, folder, signal }) {
    Object.assign(this, { image, folder, signal });
  }

  /** Starts the network, and makes the operator's key. */
  async open() {
    this.#proxy = await startProxy();
    this.network = await startNetwork(join(this.folder, 'network'), this.signal, say);
    ({ socks: this.socks } = await this.network.startClient('visitor', this.signal));
    this.key = await makeKey(this.folder);
  }

  async close() {
    await this.network?.stop();
    this.#proxy?.stop();
  }

  /** @returns {string} snug.toml for a card of this world, as an editor on Windows saves it */
  settings(more = []) {
    const lines = ['# For the emulator.', '[tor]', 'include = "/etc/snug/test.torrc"', ...more, ''];
    return lines.join('\r\n');
  }

  /** @returns {string[]} lines of snug.toml that let the operator in */
  get sshLines() {
    return ['[ssh]', `keys = ["${this.key.text}"]`];
  }

  /**
   * @param {string} name of the part; its files lie in a folder of that name
   * @param {{ settings?: string, files?: Record<string, string> }} wish settings that are not given:
   *   the image's own; more files for the root file system
   * @returns {Promise<object>} a card that was never used
   */
  async freshCard(name, { settings, files = {} } = {}) {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    const guest = guestFiles({ include: this.network.include });
    const card = await makeCard({
      ...{ image: this.image, folder, settings },
      files: { ...guest, ...files },
    });
    return { ...card, folder };
  }

  /** Switches a board on. @param {{ capture?: string, board?: string }} more */
  switchOn(card, log, more = {}) {
    const way = { proxyPort: this.#proxy.port, signal: this.signal };
    return new Machine(card, { log: join(card.folder, `${log}.log`), ...way, ...more });
  }

  /** Says when a machine came so far. */
  reached(machine, text) {
    say(`${text}: ${machine.seconds} s after power-on`);
  }

  /** Resolves once the address, and how to come in by ssh, stand on the FAT partition too. */
  async untilTold(machine) {
    await machine.waitFor(ADDRESS, BOOT_SECONDS);
    const shown = machine.text.search(ADDRESS);
    await machine.waitFor(/Finished snug-card-address/, BOOT_SECONDS, shown);
  }

  /**
   * @param {string} [host] the address that it must have
   * @returns {Promise<string>} the address, once visitors can reach it
   */
  async untilPublished(machine, text, host) {
    const [, now] = await machine.waitFor(READY, BOOT_SECONDS);
    if (host !== undefined) assert.equal(now, host, 'the address stays the same');
    this.reached(machine, text);
    return now;
  }
}

/** Switches on, does something, and cuts the power, whatever comes of it. */
export async function during(machine, act) {
  try {
    return await act(machine);
  } finally {
    await machine.cut();
  }
}
