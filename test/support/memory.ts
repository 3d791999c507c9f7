import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of buffers that something of this process still holds on to, with the garbage left out. */
export function heldBuffers(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** Bytes that this process holds on to, objects and buffers, with the garbage left out. */
export function heldMemory(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
