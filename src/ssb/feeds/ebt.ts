import pull from 'pull-stream';
import toPull from 'push-stream-to-pull-stream';
import type { Caller, Peer, Plugin, SsbServer } from 'ssb-server';
import type { Carrier } from './carrier.js';

/** Versions of the protocol that clients speak (ssb-ebt 5.6.7, index.js). */
const VERSIONS = [2, 3];
const OWN_VERSION = 3;

function askForEbt(carrier: Carrier, peer: Peer): void {
  const wire = carrier.wires.of(peer);
  const stream = toPull.duplex(carrier.epidemic.open(peer.id, OWN_VERSION, true));
  const remote = peer.ebt.replicate({ version: OWN_VERSION }, (error) => {
    if (error) carrier.askingOf(peer)?.fallBack();
  });
  const source = wire === undefined ? stream.source : wire.pace(stream.source);
  pull({ source, sink: stream.sink }, remote, { source, sink: stream.sink });
}

/**
 * The plugin `ebt`, in place of ssb-ebt: the same protocol (epidemic-broadcast-trees) and the same
 * methods for peers, with what {@link BoundedEpidemic} adds.
 */
export function ebtPlugin(carrier: Carrier): Plugin {
  return {
    name: 'ebt',
    version: '1.0.0',
    manifest: { replicate: 'duplex' },
    init(server: SsbServer) {
      server.on('rpc:connect', (peer, isClient) => {
        if (isClient && peer.id !== server.id) askForEbt(carrier, peer);
      });
      return {
        replicate(this: Caller, options: { version?: unknown } | null) {
          const version = Number(options?.version);
          if (!VERSIONS.includes(version)) {
            throw new Error('expected ebt.replicate({version: 3 or 2})');
          }
          const call = carrier.wires.ofCall(this);
          if (call === undefined) throw new Error('only peers replicate');
          carrier.askingOf(call.peer)?.stop();
          const stream = toPull.duplex(carrier.epidemic.open(this.id, version, false));
          return { source: call.wire.pace(stream.source), sink: stream.sink };
        },
      };
    },
  };
}
