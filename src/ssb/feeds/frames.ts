/** packet-stream-codec: flags, length (32 bits, big-endian), request number. */
const HEADER_BYTES = 9;
const LENGTH_AT = 1;
const REQUEST_AT = 5;
const STREAM = 8;
const END = 4;

/**
 * A message of SSB is 8 kB and a slice of a blob 64 kB; only an EBT clock is longer, and this is
 * one of some 17,000 feeds. A peer could otherwise have us keep 4 GB for one packet.
 */
const LONGEST_FRAME = 1024 * 1024;

/** What {@link FrameGuard} has seen in some bytes. */
export interface Seen {
  /** Calls that begin there: each of them is answered, and be it with a refusal. */
  readonly calls: number;
  /** Whether the connection has to end: a frame is too long, or there are too many streams. */
  readonly tooMuch: boolean;
}

/** Follows the frames of muxrpc in a stream of bytes, however these are cut, and keeps none. */
export class FrameGuard {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  readonly #mostStreams: number;
  /**
   * The peer's streams that it has not ended: packet-stream remembers each of them until then
   * (`_instreams`), also those that were refused.
   */
  readonly #streams = new Set<number>();
  #headerBytes = 0;
  #bodyLeft = 0;

  /** @param mostStreams of the peer at a time */
  constructor(mostStreams: number) {
    this.#mostStreams = mostStreams;
  }

  /** @param chunk the next bytes */
  look(chunk: Buffer): Seen {
    let calls = 0;
    let at = 0;
    while (at < chunk.length) {
      const skipped = Math.min(this.#bodyLeft, chunk.length - at);
      this.#bodyLeft -= skipped;
      at += skipped;
      if (this.#bodyLeft > 0) break;
      const taken = chunk.copy(this.#header, this.#headerBytes, at);
      this.#headerBytes += taken;
      at += taken;
      if (this.#headerBytes < HEADER_BYTES) break;
      this.#headerBytes = 0;
      this.#bodyLeft = this.#header.readUInt32BE(LENGTH_AT);
      if (this.#isCall()) calls += 1;
      if (this.#bodyLeft > LONGEST_FRAME || this.#streams.size > this.#mostStreams) {
        return { calls, tooMuch: true };
      }
    }
    return { calls, tooMuch: false };
  }

  /** Takes note of a stream's begin and end. @returns whether the frame asks for something new */
  #isCall(): boolean {
    const flags = this.#header.readUInt8(0);
    const request = this.#header.readInt32BE(REQUEST_AT);
    // Negative numbers answer our own calls.
    if (request <= 0) return false;
    if ((flags & STREAM) === 0) return true;
    const isNew = !this.#streams.has(request);
    if ((flags & END) !== 0) this.#streams.delete(request);
    else this.#streams.add(request);
    return isNew;
  }
}
