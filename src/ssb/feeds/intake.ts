import type { SignedValue, SsbServer } from 'ssb-server';
import type { Heads } from './heads.js';
import type { Room } from './room.js';
import { isOutOfOrder, isSigned, reasonOf } from './rules.js';
import type { Sizes } from './sizes.js';
import type { Troubles } from './troubles.js';
import type { Brake } from './wire.js';

/**
 * What became of a message. `taken`: it is valid and on its way to the log. `skipped`: it is
 * known, or is of a feed that is not carried. `early`: messages before it are missing. `paused`:
 * there is no room. `refused`: it breaks the rules.
 */
export type Verdict = 'taken' | 'skipped' | 'early' | 'paused' | 'refused';

/** Messages on their way to the disk; beyond, nobody is listened to until it has caught up. */
const MOST_PENDING = 2000;

/**
 * Messages are gathered for this long, or until there are so many. ssb-db writes the log and every
 * index anew for each message that comes alone, which costs more than to verify it.
 */
const GATHER_MS = 5;
const GATHER_MOST = 256;

/**
 * What ssb-db leaves unanswered counts as out of order. Made once: an error collects its stack, which
 * took some 4 % of intake when one was made for each message.
 */
const UNANSWERED = new Error('expected sequence of an open database');

/** A message that waits to be judged. */
interface Arrival {
  readonly message: SignedValue;
  readonly sender: string;
  readonly judged: (verdict: Verdict) => void;
}

/** Options of {@link Intake}. */
export interface IntakeOptions {
  readonly heads: Heads;
  readonly sizes: Sizes;
  readonly room: Room;
  readonly troubles: Troubles;
  /** Whether the relay carries this feed. */
  readonly carries: (feed: string) => boolean;
  /** Called when a message is taken. */
  readonly onTaken?: (message: SignedValue) => void;
}

/** The one gate through which messages of others come into the log. */
export class Intake implements Brake {
  readonly #options: IntakeOptions;
  #waiting: (() => void)[] = [];
  #server: SsbServer | undefined;
  #arrivals: Arrival[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  open(server: SsbServer): void {
    this.#server = server;
  }

  /** What waits is dropped: nobody was told that it is here. */
  close(): void {
    this.#server = undefined;
    this.#arrivals = [];
    clearTimeout(this.#timer);
  }

  /**
   * Messages are judged together, a moment later at most, in the order in which they come.
   *
   * @param message in its form checked by `asSigned`, in nothing else
   * @param sender the peer it came from, who need not be its author
   * @param judged called with what became of it
   */
  take(message: SignedValue, sender: string, judged: (verdict: Verdict) => void): void {
    if (this.#arrivals.push({ message, sender, judged }) >= GATHER_MOST) this.#judgeAll();
    else if (this.#arrivals.length === 1)
      this.#timer = setTimeout(() => this.#judgeAll(), GATHER_MS);
  }

  #judgeAll(): void {
    clearTimeout(this.#timer);
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const { message, sender, judged } of arrivals) judged(this.#check(message, sender));
  }

  #check(message: SignedValue, sender: string): Verdict {
    const { heads, room, troubles, carries } = this.#options;
    const { author, sequence } = message;
    if (this.#server === undefined || !heads.ready || !carries(author)) return 'skipped';
    const next = heads.next(author);
    if (sequence !== next) return sequence > next ? 'early' : 'skipped';
    const reason = room.refusal(author, sequence);
    if (reason !== undefined) {
      troubles.note(author, { state: 'paused', reason, sequence });
      return 'paused';
    }
    return this.#judge(message, sender, this.#queue(this.#server, message));
  }

  /** Messages are taken from the network only as fast as the disk takes them. */
  whenRoom(go: () => void): void {
    if (this.#options.heads.pending < MOST_PENDING) go();
    else this.#waiting.push(go);
  }

  /** A message is in the log. */
  stored(): void {
    if (this.#waiting.length === 0 || this.#options.heads.pending > MOST_PENDING / 2) return;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** ssb-db checks it at once and answers before it returns (minimal.js, `queue`). */
  #queue(server: SsbServer, message: SignedValue): Error | null {
    let result: Error | null = UNANSWERED;
    server.queue(message, (error) => {
      result = error ?? null;
    });
    return result;
  }

  #judge(message: SignedValue, sender: string, error: Error | null): Verdict {
    const { heads, sizes, troubles } = this.#options;
    const { author, sequence } = message;
    if (error === null) {
      heads.expect(author, sequence);
      sizes.add(message);
      troubles.clear(author);
      this.#options.onTaken?.(message);
      return 'taken';
    }
    if (isOutOfOrder(error)) return 'skipped';
    // Anybody can invent a bad message in another's name; it then says nothing about the feed.
    if (sender === author || isSigned(message)) {
      troubles.note(author, { state: 'refused', reason: reasonOf(error), sequence });
    }
    return 'refused';
  }
}
