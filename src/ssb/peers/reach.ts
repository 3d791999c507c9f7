import type { ContactLayer, SsbServer } from 'ssb-server';
import type { FeedId } from '../../support/feed-id.js';

/** As far as a feed that the relay itself follows (ssb-friends, contacts.js). */
const FOLLOWED = 1;
const BLOCKED = -1;

/**
 * Puts the listed relays within reach, as if this one followed them: whom they follow, their
 * members, are then two steps away. It is a layer of ssb-friends' graph that is in memory only: a
 * follow on our feed would tell everybody who is connected with whom, and would make the other
 * relay a member.
 *
 * Only whole layers are added, and only after the follows of the log are known, because ssb-friends
 * tells single edges to those who ask for the public graph, {@link FollowGraph} among them.
 */
export class PeerReach {
  readonly #server: SsbServer;
  readonly #within = new Set<FeedId>();
  #layer: ContactLayer | undefined;

  /** @param server a running server with ssb-friends, whose graph is ready */
  constructor(server: SsbServer) {
    this.#server = server;
  }

  /** @param ids relays to be reached */
  add(ids: readonly FeedId[]): void {
    if (ids.length === 0) return;
    for (const id of ids) this.#within.add(id);
    this.#layer ??= this.#server.friends.createLayer('peers');
    const edges = Object.fromEntries([...this.#within].map((id) => [id, FOLLOWED]));
    this.#layer({ [this.#server.id]: edges });
  }

  /** @param id a relay that was publicly blocked just now: the layer would outweigh the block */
  block(id: FeedId): void {
    if (this.#within.delete(id)) this.#layer?.(this.#server.id, id, BLOCKED);
  }
}
