import pull, { type Source } from 'pull-stream';
import type { Duplex, Peer, Plugin, Transform } from 'ssb-server';
import { SnugError } from '../../support/errors.js';
import { asFeedId, type FeedId } from '../../support/feed-id.js';
import { DIAL_TIMEOUT_MS } from '../ssb-tor/dial.js';

/** A connection to a listed relay, in either direction. */
export interface Standing {
  readonly peer: Peer;
  /** We dialled it. */
  readonly dialled: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/**
 * Two relays that list each other may dial at the same moment; each of the two connections then
 * stands before the other does, this much later at the most.
 */
const RACE_MS = DIAL_TIMEOUT_MS;

/**
 * Whether a new connection takes the place of the standing one. Both relays must come to the same
 * answer, or they close both: of two that were dialled at the same moment, the one of the relay
 * with the smaller id stays. Otherwise the new one does, for whoever dials again has lost the old.
 *
 * @param own id of this relay
 * @param other id of the other one
 */
export function takesOver(
  own: string,
  other: string,
  standing: Omit<Standing, 'peer'>,
  fresh: Omit<Standing, 'peer'>,
): boolean {
  const ours = own < other;
  const race = fresh.since - standing.since < RACE_MS && standing.dialled !== fresh.dialled;
  return !race || fresh.dialled === ours;
}

/** What the plugin works with. */
export interface OneConnectionOptions {
  readonly listed: ReadonlySet<FeedId>;
  readonly now: () => number;
  /** A listed relay has a connection, which takes the place of any before. */
  readonly opened: (id: FeedId, peer: Peer, dialled: boolean) => void;
  /** A listed relay has none any more. */
  readonly closed: (id: FeedId) => void;
}

const NOTHING: Source<Buffer> = (_abort, cb) => cb(true);

function hangUp(stream: Duplex): void {
  pull(NOTHING, stream.sink);
  stream.source(true, () => undefined);
}

function idOf(stream: Duplex): FeedId | undefined {
  return asFeedId(`@${stream.remote?.toString('base64')}.ed25519`);
}

/** @param refuses called when the handshake has told who is there, before anything is sent */
function guarded(
  transform: Transform,
  refuses: (stream: Duplex, dialled: boolean) => boolean,
): Transform {
  return {
    name: transform.name,
    create() {
      const shs = transform.create();
      return {
        ...shs,
        create(options?: unknown) {
          const handshake = shs.create(options);
          const dialled = options !== undefined;
          return (stream, cb) =>
            handshake(stream, (error, open) => {
              if (open === undefined || !refuses(open, dialled)) {
                cb(error, open);
                return;
              }
              hangUp(open);
              // To an incoming one there is nobody to tell.
              if (dialled) cb(new SnugError('ALREADY_CONNECTED', 'There is a connection already.'));
            });
        },
      };
    },
  };
}

/**
 * Leaves each listed relay one connection. A second one is judged before it reaches muxrpc:
 * there, ssb-ebt would end the replication of the first for it (epidemic-broadcast-trees index.js,
 * createStream), and when then the second is closed, nothing would replicate.
 *
 * @returns a plugin, used before the shs plugin
 */
export function oneConnection(options: OneConnectionOptions): Plugin {
  const { listed, now, opened, closed } = options;
  const standing = new Map<FeedId, Standing>();
  return {
    name: 'one-connection',
    init(server) {
      const refuses = (stream: Duplex, dialled: boolean) => {
        const id = idOf(stream);
        const old = id && standing.get(id);
        return (
          old !== undefined && !takesOver(server.id, old.peer.id, old, { dialled, since: now() })
        );
      };
      server.multiserver.transform.hook((add, [transform]) => add(guarded(transform, refuses)));
      server.on('rpc:connect', (peer, isClient) => {
        const id = asFeedId(peer.id);
        if (id === undefined || !listed.has(id)) return;
        const old = standing.get(id);
        standing.set(id, { peer, dialled: isClient, since: now() });
        peer.once('closed', () => {
          if (standing.get(id)?.peer !== peer) return;
          standing.delete(id);
          closed(id);
        });
        old?.peer.close(true);
        opened(id, peer, isClient);
      });
    },
  };
}
