/** packet-stream-codec: flags, length (32 bits, big-endian), request number. */
const HEADER_BYTES = 9;
const LENGTH_AT = 1;

/**
 * A message of SSB is 8 kB and a slice of a blob 64 kB; only an EBT clock is longer, and this is
 * one of some 17,000 feeds. A peer could otherwise have us keep 4 GB for one packet.
 */
const LONGEST_FRAME = 1024 * 1024;

/** Follows the frames of muxrpc in a stream of bytes, however these are cut, and keeps none. */
export class FrameGuard {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #bodyLeft = 0;

  /**
   * @param chunk the next bytes
   * @returns whether every frame that has begun so far is of a length that we take
   */
  accepts(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      const skipped = Math.min(this.#bodyLeft, chunk.length - at);
      this.#bodyLeft -= skipped;
      at += skipped;
      if (this.#bodyLeft > 0) return true;
      const taken = chunk.copy(this.#header, this.#headerBytes, at);
      this.#headerBytes += taken;
      at += taken;
      if (this.#headerBytes < HEADER_BYTES) return true;
      this.#headerBytes = 0;
      this.#bodyLeft = this.#header.readUInt32BE(LENGTH_AT);
      if (this.#bodyLeft > LONGEST_FRAME) return false;
    }
    return true;
  }
}
