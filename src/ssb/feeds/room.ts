import { statfsSync } from 'node:fs';
import { SnugError } from '../../support/errors.js';
import type { Log } from '../../support/log.js';

/** How much may be kept. */
export interface FeedLimits {
  /** Most messages of one feed. */
  readonly messagesPerFeed: number;
  /** Most bytes of one feed, as its messages are sent; the last one may go over it. */
  readonly bytesPerFeed: number;
  /** Most messages of all feeds together. */
  readonly totalMessages: number;
  /** Largest log of messages, in bytes; the indexes take about half as much again. */
  readonly logBytes: number;
  /** Free bytes on the disk below which nothing more is taken in. */
  readonly reserveBytes: number;
}

const MIB = 1024 * 1024;

/** Defaults; those of the configuration (schema.ts) are the same. */
export const SMALL_BOARD: FeedLimits = {
  messagesPerFeed: 100_000,
  bytesPerFeed: 100 * MIB,
  totalMessages: 2_000_000,
  logBytes: 2000 * MIB,
  reserveBytes: 32 * MIB,
};

/** What {@link Room} looks at. */
export interface Usage {
  /** Messages in the log and on their way there. */
  messages(): number;
  /** Bytes of the log. */
  bytes(): number;
  /** Bytes of one feed, in the log and on their way there. */
  bytesOf(feed: string): number;
}

/** Options of {@link Room}. */
export interface RoomOptions {
  readonly limits: FeedLimits;
  /** Folder of the database. */
  readonly folder: string;
  readonly usage: Usage;
  readonly log: Log;
  /** Called when intake goes on after a pause. */
  readonly onRoom: () => void;
}

const LOOK_EVERY_MS = 1000;
/** The disk is looked at again after so many messages, however fast they come. */
const LOOK_AFTER_MESSAGES = 1000;
/** Own messages are few and small, and a redeemed code needs one: they may use most of the reserve. */
const OWN_SHARE = 4;
/** A pause ends only with a little more than the reserve, or it would come and go. */
const ROOM_AGAIN = 1.1;

function megabytes(bytes: number): string {
  return `${Math.round(bytes / MIB)} MB`;
}

/**
 * Whether there is room for more messages. ssb-db ends the process when the disk is full
 * (minimal.js, `write`), so intake stops well before that.
 */
export class Room {
  readonly #options: RoomOptions;
  #free = 0;
  #sinceLook = 0;
  #paused: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#lookAtDisk();
  }

  /** Begins to watch, unless it was stopped before. */
  start(): void {
    if (this.#stopped) return;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
    this.look();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Why nothing is taken in at the moment, as a sentence; undefined when there is room. */
  get paused(): string | undefined {
    return this.#paused;
  }

  /** @returns whether the relay may still publish a message of its own */
  mayPublish(): boolean {
    this.#lookAtDisk();
    return this.#free >= this.#options.limits.reserveBytes / OWN_SHARE;
  }

  /**
   * @param feed whose message would be taken in
   * @param sequence of that message
   * @returns why it is not, as a sentence; undefined when it may come
   */
  refusal(feed: string, sequence: number): string | undefined {
    this.#sinceLook += 1;
    if (this.#sinceLook >= LOOK_AFTER_MESSAGES) this.look();
    return this.#paused ?? this.#refusalOf(feed, sequence);
  }

  #refusalOf(feed: string, sequence: number): string | undefined {
    const { limits, usage } = this.#options;
    if (sequence > limits.messagesPerFeed) {
      return `It has the most messages that one feed may have here (${limits.messagesPerFeed}).`;
    }
    if (usage.bytesOf(feed) >= limits.bytesPerFeed) {
      return `Its messages take the most space that one feed may have here (${megabytes(limits.bytesPerFeed)}).`;
    }
    return undefined;
  }

  /** Looks at the disk and at what is kept. */
  look(): void {
    this.#sinceLook = 0;
    this.#lookAtDisk();
    const before = this.#paused;
    this.#paused = this.#reason();
    if (before === this.#paused) return;
    const { log, onRoom } = this.#options;
    if (this.#paused === undefined) {
      log.info('there is room again: feeds are taken in');
      onRoom();
    } else if (before === undefined) {
      log.warning(`no more feeds are taken in for now. ${this.#paused}`);
    }
  }

  #reason(): string | undefined {
    const { limits, usage } = this.#options;
    const reserve = limits.reserveBytes * (this.#paused === undefined ? 1 : ROOM_AGAIN);
    if (this.#free < reserve) {
      return `The disk is nearly full: the last ${megabytes(limits.reserveBytes)} are kept free.`;
    }
    if (usage.messages() >= limits.totalMessages) {
      return `The relay holds the most messages that it may (${limits.totalMessages}).`;
    }
    if (usage.bytes() >= limits.logBytes) {
      return `The relay's messages take the most space that they may (${megabytes(limits.logBytes)}).`;
    }
    return undefined;
  }

  #lookAtDisk(): void {
    try {
      const { bavail, bsize } = statfsSync(this.#options.folder);
      this.#free = bavail * bsize;
    } catch {
      // A disk that does not even tell its size takes no messages.
      this.#free = 0;
    }
  }
}

/** @returns the error of a publication for which there is no room */
export function diskFull(): SnugError {
  return new SnugError('DISK_FULL', 'The disk of the relay is full.', {
    hint: 'Make room on it. Nothing is lost.',
  });
}
