/** The parts of pull-stream 3 and stream-to-pull-stream 1 that Snug uses. */
declare module 'pull-stream' {
  /** A pull source of values of one kind. */
  export type Source<T> = (
    abort: Error | boolean | null,
    cb: (end: Error | boolean | null, value?: T) => void,
  ) => void;
  const pull: {
    (source: unknown, ...rest: unknown[]): unknown;
    through<T>(each: (value: T) => void): unknown;
    values<T>(values: readonly T[]): Source<T>;
    drain<T>(each: (value: T) => void, done?: (end: Error | boolean | null) => void): unknown;
    collect<T>(done: (end: Error | null, values?: T[]) => void): unknown;
  };
  export default pull;
}
declare module 'stream-to-pull-stream' {
  import type { Duplex as NodeDuplex, Readable } from 'node:stream';

  const toPull: {
    duplex(stream: NodeDuplex): import('ssb-server').Duplex;
    source(stream: Readable): import('pull-stream').Source<Buffer>;
  };
  export default toPull;
}
