import pull from 'pull-stream';
import toPull from 'push-stream-to-pull-stream';
import type { Caller, Peer, Plugin, SsbServer } from 'ssb-server';
import type { Carrier } from './carrier.js';
import { inFrames } from './packets.js';

/** Versions of the protocol that clients speak (ssb-ebt 5.6.7, index.js). */
const VERSIONS = [2, 3];
const OWN_VERSION = 3;
/** What clients of ssb-ebt 7 and later call the feeds of ssb-db; they name it or say nothing. */
const FORMAT = 'classic';

function open(carrier: Carrier, peer: Peer, version: number, client: boolean) {
  const { source, sink } = toPull.duplex(carrier.epidemic.open(peer.id, version, client));
  const framed = inFrames(source);
  const wire = carrier.wires.of(peer);
  return { source: wire === undefined ? framed : wire.pace(framed), sink };
}

function askForEbt(carrier: Carrier, peer: Peer): void {
  const { source, sink } = open(carrier, peer, OWN_VERSION, true);
  const remote = peer.ebt.replicate({ version: OWN_VERSION }, (error) => {
    if (error) carrier.askingOf(peer)?.fallBack();
  });
  // Its first packet says that it speaks EBT.
  const heard = pull.through<unknown>(() => carrier.askingOf(peer)?.stop());
  pull(source, remote, heard, sink);
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
        replicate(this: Caller, options: { version?: unknown; format?: unknown } | null) {
          const version = Number(options?.version);
          if (!VERSIONS.includes(version)) {
            throw new Error('expected ebt.replicate({version: 3 or 2})');
          }
          // Before the stream: a second one on a connection ends the first.
          if ((options?.format ?? FORMAT) !== FORMAT) {
            throw new Error(`only feeds of the format "${FORMAT}" are carried`);
          }
          const call = carrier.wires.ofCall(this);
          if (call === undefined) throw new Error('only peers replicate');
          carrier.askingOf(call.peer)?.stop();
          return open(carrier, call.peer, version, false);
        },
      };
    },
  };
}
