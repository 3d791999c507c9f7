import type { Source } from 'pull-stream';

/** packet-stream-codec's header: flags, length, request number. */
const LENGTH_AT = 1;
const END = 4;
const KIND = 3;
const JSON_BODY = 2;

function isGoodbye(header: Buffer): boolean {
  return header.every((byte) => byte === 0);
}

function mayBeError(header: Buffer): boolean {
  const flags = header.readUInt8(0);
  return (flags & END) !== 0 && (flags & KIND) === JSON_BODY;
}

/** @returns the body without `stack`; the same if there is none */
function cleaned(body: Buffer): Buffer {
  const error: unknown = JSON.parse(body.toString());
  if (typeof error !== 'object' || error === null || !('stack' in error)) return body;
  return Buffer.from(JSON.stringify({ ...error, stack: undefined }));
}

/**
 * Takes the stacks out of the errors that leave: packet-stream sends them along (utils.js, `flat`),
 * with the folders of this machine, also with those errors that muxrpc and packages make themselves.
 *
 * @param read what comes from packet-stream-codec: each header and each body by itself
 */
export function withoutStacks(read: Source<Buffer>): Source<Buffer> {
  let isBody = false;
  let held: Buffer | undefined;
  return (abort, cb) => {
    if (!abort && held !== undefined) {
      const body = held;
      held = undefined;
      cb(null, body);
      return;
    }
    read(abort, (end, chunk) => {
      if (end || chunk === undefined || isBody) {
        isBody = false;
        cb(end, chunk);
        return;
      }
      isBody = !isGoodbye(chunk);
      if (!mayBeError(chunk)) {
        cb(null, chunk);
        return;
      }
      read(null, (bodyEnd, body) => {
        isBody = false;
        if (bodyEnd || body === undefined) {
          cb(bodyEnd ?? true);
          return;
        }
        held = cleaned(body);
        chunk.writeUInt32BE(held.length, LENGTH_AT);
        cb(null, chunk);
      });
    });
  };
}
