import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Riddle,
  type RiddleDesk,
  Site,
  type SiteOptions,
  type Solved,
} from '../../src/site/site.js';
import { createLog } from '../../src/support/log.js';
import { Visitor } from './site-client.js';

/** Its port has five digits so that its base64 has a `+` (and ends in `=`), raw in a URL. */
export const CODE =
  'abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion:18008:' +
  '@+/KBZmr7GiBOwP2jMkhZLGKcbzyc6wY/+cVwl9jQmQ4=.ed25519~7/+6zGk0aYj3yJ0V9nqEJ0oJm1xVbC+yQm7t4dXzg3U=';

/** An invite desk on paper: counts what it minted, answers as a test decides. */
export class PaperDesk implements RiddleDesk {
  readonly #riddles = new Map<string, string>();
  #posed = 0;
  minted = 0;
  solveCalls = 0;
  /** Answer of the riddle posed last. */
  lastAnswer = '';
  /** Set: takes the place of a code when the answer is right. */
  instead: Solved | Error | undefined;
  /** Each solve waits for this before it says what it found. */
  pause: Promise<void> = Promise.resolve();

  pose(answer: string): string {
    this.#posed += 1;
    const id = `riddle ${this.#posed}`;
    this.lastAnswer = answer;
    this.#riddles.set(id, answer);
    return id;
  }

  async solve(riddleId: string, text: string): Promise<Solved> {
    this.solveCalls += 1;
    const answer = this.#riddles.get(riddleId);
    this.#riddles.delete(riddleId);
    await this.pause;
    if (answer === undefined) return { outcome: 'gone' };
    if (text !== answer) return { outcome: 'wrong' };
    if (this.instead instanceof Error) throw this.instead;
    if (this.instead !== undefined) return this.instead;
    this.minted += 1;
    const code = this.minted === 1 ? CODE : CODE.replace('7/+6', `7/+${this.minted}`);
    return { outcome: 'code', code, expiresAt: Date.UTC(2027, 2, 5, 14, 7) };
  }

  forgetAll(): void {
    this.#riddles.clear();
  }
}

/** The smallest PNG there is; tests about pictures draw real ones. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

/** A running site with everything a test wants to look at or turn. */
export interface House {
  readonly site: Site;
  readonly socket: string;
  readonly desk: PaperDesk;
  readonly lines: string[];
  /** Milliseconds; moves only when a test moves it. */
  clock: number;
  ready: boolean;
  /** @returns a visitor on a circuit of their own */
  /** The circuits that the site has asked Tor to close. */
  readonly cut: Set<number>;
  visitor(): Visitor;
  close(): Promise<void>;
}

/** @returns a site on a unix socket in a folder of its own; `close` it at the test's end */
export async function openHouse(changes: Partial<SiteOptions> = {}): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'snug-site-'));
  const socket = join(folder, 'site.sock');
  const desk = new PaperDesk();
  const lines: string[] = [];
  let circuit = 100;
  const draw = (): Riddle => ({ answer: 'Kn7xWp', png: DOT, width: 420, height: 140 });
  const site: Site = new Site({
    socket,
    title: 'The Snug & Co <test>',
    desk,
    ready: () => house.ready,
    draw,
    limits: { requestsPerMinute: 1000, sessions: 1000, connections: 200 },
    cutOff: (cut) => house.cut.add(cut),
    now: () => house.clock,
    log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
    ...changes,
  });
  const close = async () => {
    await site.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const visitor = () => new Visitor(socket, circuit++);
  const cut = new Set<number>();
  const house: House = { site, socket, desk, lines, cut, clock: 1e6, ready: true, visitor, close };
  await site.start(new AbortController().signal);
  return house;
}
