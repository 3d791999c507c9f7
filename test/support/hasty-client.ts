import { connect, type Socket } from 'node:net';
import pull from 'pull-stream';
import steps from 'secret-handshake/crypto.js';
import protocol from 'secret-handshake/protocol.js';
import toPull from 'stream-to-pull-stream';
import { NETWORK } from './plain-client.js';
import type { SignedFeed } from './signed-feed.js';

/** Knows all keys without the relay's last words, and does not wait for them. */
const hasty = protocol({
  ...steps,
  server_auth_length: 0,
  clientVerifyAccept(state: object) {
    steps.clientVerifyAccept(state, Buffer.alloc(steps.server_auth_length));
    return state;
  },
});

/**
 * Says its first words of muxrpc in one breath with its last ones of the handshake, before the relay
 * has let it in; then it is silent.
 *
 * @param path of the relay's socket
 * @param relay its feed id
 * @param words as they are sent
 */
export function connectHastily(
  path: string,
  relay: string,
  feed: SignedFeed,
  words: Buffer,
): Socket {
  const socket = connect(path);
  socket.on('error', () => socket.destroy());
  socket.write('PROXY TCP6 fc00:dead:beef:4dad::0:78 ::1 44 8008\r\n');
  // All that answers the relay's first words leaves in one piece.
  socket.once('data', () => {
    socket.cork();
    process.nextTick(() => socket.uncork());
  });
  const secretKey = Buffer.from(feed.keys.private, 'base64');
  const keys = { secretKey, publicKey: secretKey.subarray(32) };
  const wire = toPull.duplex(socket);
  const shake = hasty.createClient(keys, NETWORK, 10_000);
  const handshake = shake(Buffer.from(relay.slice(1, 45), 'base64'), (_error, open) => {
    let said = false;
    open?.sink((abort, cb) => {
      if (abort) cb(abort);
      else if (!said) {
        said = true;
        cb(null, words);
      }
    });
    const nothing = () => undefined;
    pull(open?.source, pull.drain(nothing, nothing));
  });
  pull(wire.source, handshake, wire.sink);
  return socket;
}
