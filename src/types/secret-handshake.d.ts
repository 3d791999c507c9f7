/** What the tests' hand-written client uses of secret-handshake 1.1. */
declare module 'secret-handshake' {
  import type { Source } from 'pull-stream';

  interface Opened {
    source: Source<Buffer>;
    sink(read: Source<Buffer>): void;
  }
  export interface SecretHandshake {
    toKeys(seed: Buffer): { publicKey: Buffer; secretKey: Buffer };
    createClient(
      keys: { publicKey: Buffer; secretKey: Buffer },
      appKey: Buffer,
      timeoutMs: number,
    ): (
      server: Buffer,
      cb: (error: Error | null, stream?: Opened) => void,
    ) => import('ssb-server').Duplex;
  }
  const secretHandshake: SecretHandshake;
  export default secretHandshake;
}
declare module 'secret-handshake/crypto.js' {
  /** The steps of the handshake; each changes the state that it is given. */
  const crypto: {
    server_auth_length: number;
    clientVerifyAccept(state: object, accept: Buffer): object | null;
  };
  export default crypto;
}
declare module 'secret-handshake/protocol.js' {
  import type { SecretHandshake } from 'secret-handshake';

  const protocol: (steps: object) => SecretHandshake;
  export default protocol;
}
