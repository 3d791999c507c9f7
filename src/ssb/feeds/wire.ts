import type { Source } from 'pull-stream';
import type { Duplex } from 'ssb-server';
import { withoutStacks } from './error-stacks.js';
import { FrameGuard } from './frames.js';

type Done<T> = (end: Error | boolean | null, value?: T) => void;

/** What streams may hand to muxrpc before the connection must have taken all of it. */
const WINDOW_BYTES = 256 * 1024;
/** An object is a message of at most 8 kB and mostly far less. */
const OBJECT_BYTES = 4 * 1024;
/** What a peer may send while it takes nothing: its requests make answers that would pile up. */
const MOST_UNANSWERED_BYTES = 4 * 1024 * 1024;
/** A call of ten bytes is answered too: what an answer that waits takes in memory, about. */
const CALL_BYTES = 1024;

function weightOf(value: unknown): number {
  return Buffer.isBuffer(value) ? value.length : OBJECT_BYTES;
}

/** Holds back what comes in while there is no room for it. */
export interface Brake {
  /** Calls back once there is room, at once if there is. */
  whenRoom(go: () => void): void;
}

/**
 * One connection, between the secret handshake and muxrpc. muxrpc has no back pressure: whatever a
 * stream gives, it keeps in memory until the peer has read it (pull-weird.js, `buffer`). When all
 * of it is on its way, muxrpc is asked for more and has nothing: that moment is seen here, and
 * streams that are paced wait for it after each window.
 */
export class Wire {
  readonly #brake: Brake;
  readonly #frames: FrameGuard;
  readonly #heard: (() => void)[] = [];
  readonly #idle = new Set<() => void>();
  #line: (() => void)[] = [];
  #credit = WINDOW_BYTES;
  #unanswered = 0;
  #asked = false;
  #releasing = false;
  #hasBegun = false;
  #hasHeard = false;
  #tooMuch = false;
  #takenAt = performance.now();
  #source: Source<Buffer> | undefined;
  #failed: () => void = () => undefined;

  /** @param mostStreams that the peer may have open at a time */
  constructor(brake: Brake, mostStreams: number) {
    this.#brake = brake;
    this.#frames = new FrameGuard(mostStreams);
  }

  /** Puts this wire into a duplex, in front of whatever it is connected to next. */
  into(duplex: Duplex): void {
    const { source, sink } = duplex;
    this.#source = source;
    duplex.source = this.#incoming(source);
    duplex.sink = (read: Source<Buffer>) =>
      (sink as (read: Source<Buffer>) => void)(this.#outgoing(withoutStacks(read)));
  }

  /** Ends the connection itself; muxrpc would wait for the peer's goodbye (pull-goodbye). */
  cut(): void {
    this.#source?.(true, () => undefined);
    this.#source = undefined;
  }

  /** Calls back when the peer's first bytes after the handshake are here. */
  onHeard(listener: () => void): void {
    if (this.#hasHeard) listener();
    else this.#heard.push(listener);
  }

  /** Calls back when the connection has been cut here for what the peer sent. */
  onFailed(listener: () => void): void {
    this.#failed = listener;
  }

  /** @returns how long something has been waiting for the peer to read on, in milliseconds */
  stalledFor(): number {
    return this.#asked ? 0 : performance.now() - this.#takenAt;
  }

  /** @returns how long it is since the peer was last sent anything, in milliseconds */
  silentFor(): number {
    return performance.now() - this.#takenAt;
  }

  /** Whether the connection was cut for a frame, or for more open streams, than we take. */
  get tooMuch(): boolean {
    return this.#tooMuch;
  }

  /** @returns the same stream, read no faster than the peer takes it */
  pace<T>(source: Source<T>): Source<T> {
    let waiting: { go: () => void; cb: Done<T> } | undefined;
    const read = (cb: Done<T>) =>
      source(null, (end, value) => {
        if (!end) this.#credit -= weightOf(value);
        cb(end, value);
      });
    return (abort, cb) => {
      if (abort) {
        const left = waiting;
        waiting = undefined;
        if (left !== undefined) this.#line = this.#line.filter((go) => go !== left.go);
        left?.cb(abort);
        source(abort, cb);
      } else if (this.#credit > 0) {
        read(cb);
      } else {
        const go = () => {
          waiting = undefined;
          read(cb);
        };
        waiting = { go, cb };
        this.#line.push(go);
      }
    };
  }

  #incoming(source: Source<Buffer>): Source<Buffer> {
    return (abort, cb) => {
      if (abort) {
        source(abort, cb);
        return;
      }
      const read = () => source(null, this.#checked(cb));
      const go = () => this.#whenAnswered(() => this.#brake.whenRoom(read));
      if (this.#hasBegun) {
        go();
        return;
      }
      // A peer's first words may be here with its last ones of the handshake, and may end everything:
      // they wait until the connection stands and everybody who wants to hear of its end listens.
      this.#hasBegun = true;
      process.nextTick(go);
    };
  }

  /**
   * muxrpc throws on packets that it does not expect, out of whatever event hands them on. What a
   * peer sends may end its connection and nothing more.
   */
  #checked(cb: Done<Buffer>): Done<Buffer> {
    return (end, chunk) => {
      try {
        if (end || chunk === undefined) cb(end ?? true);
        else if (this.#accepts(chunk)) cb(null, chunk);
        else this.#fail();
      } catch {
        this.#fail();
      }
    };
  }

  #fail(): void {
    this.cut();
    this.#failed();
  }

  #accepts(chunk: Buffer): boolean {
    const { calls, tooMuch } = this.#frames.look(chunk);
    this.#tooMuch = tooMuch;
    if (tooMuch) return false;
    this.#unanswered += chunk.length + calls * CALL_BYTES;
    this.#hasHeard = true;
    for (const listener of this.#heard.splice(0)) listener();
    return true;
  }

  #whenAnswered(go: () => void): void {
    if (this.#unanswered < MOST_UNANSWERED_BYTES || this.#asked) go();
    else this.#idle.add(go);
  }

  #outgoing(read: Source<Buffer>): Source<Buffer> {
    return (abort, cb) => {
      this.#asked = true;
      read(abort, (end, chunk) => {
        this.#asked = false;
        this.#takenAt = performance.now();
        cb(end, chunk);
      });
      if (this.#asked && !abort) this.#release();
    };
  }

  /** All that muxrpc had is on its way. */
  #release(): void {
    this.#credit = WINDOW_BYTES;
    this.#unanswered = 0;
    if (this.#releasing) return;
    this.#releasing = true;
    for (const go of this.#idle) {
      this.#idle.delete(go);
      go();
    }
    while (this.#credit > 0 && this.#line.length > 0) this.#line.shift()?.();
    this.#releasing = false;
  }
}
