/** What the tests' hand-written client uses of secret-handshake 1.1. */
declare module 'secret-handshake' {
  import type { Source } from 'pull-stream';

  interface Opened {
    source: Source<Buffer>;
    sink(read: Source<Buffer>): void;
  }
  const secretHandshake: {
    toKeys(seed: Buffer): { publicKey: Buffer; secretKey: Buffer };
    createClient(
      keys: { publicKey: Buffer; secretKey: Buffer },
      appKey: Buffer,
      timeoutMs: number,
    ): (
      server: Buffer,
      cb: (error: Error | null, stream?: Opened) => void,
    ) => import('ssb-server').Duplex;
  };
  export default secretHandshake;
}
