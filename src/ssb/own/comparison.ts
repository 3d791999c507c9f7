import pull from 'pull-stream';
import type { Peer, SignedValue } from 'ssb-server';
import type { Verdict } from '../feeds/intake.js';
import { asSigned } from '../feeds/rules.js';

/** A feed, as far as it is compared with what peers hold of it. */
export interface FeedPort {
  readonly id: string;
  /** Of the last message in the log. */
  stored(): number;
  /** The sequence that the feed goes on with. */
  next(): number;
  take(message: SignedValue, sender: string, judged: (verdict: Verdict) => void): void;
}

/** What came of asking a peer: it holds nothing of the feed that can be taken now; or did not say. */
export type Outcome = 'heard' | 'silent';

/** What one request brought. */
interface Answer {
  readonly taken: number;
  readonly outcome: Outcome;
}

/** Asks once for all that the peer holds beyond what is here. */
function ask(peer: Peer, feed: FeedPort): Promise<Answer> {
  return new Promise((resolve) => {
    let open = true;
    let unjudged = 0;
    let taken = 0;
    let outcome: Outcome = 'heard';
    const settle = () => {
      if (!open && unjudged === 0) resolve({ taken, outcome });
    };
    const end = (reason: Error | boolean | null) => {
      // A connection that has ended has not said all.
      if (typeof reason === 'object' && reason !== null) outcome = 'silent';
      if (peer.closed) outcome = 'silent';
      open = false;
      settle();
    };
    const judged = (sequence: number) => (verdict: Verdict) => {
      unjudged -= 1;
      if (verdict === 'taken') taken += 1;
      // Refused is forked or forged, and no use; else there was no room, or no index yet.
      else if (verdict !== 'refused' && sequence >= feed.next()) outcome = 'silent';
      settle();
    };
    const take = (sent: unknown): boolean => {
      const message = asSigned(sent);
      if (message?.author === feed.id) {
        unjudged += 1;
        feed.take(message, peer.id, judged(message.sequence));
        return true;
      }
      // A client that answers every request with its own feed has nothing of others (docs/facts.md).
      end(true);
      return false;
    };
    pull(
      peer.createHistoryStream({ id: feed.id, seq: feed.next(), live: false, keys: false }),
      pull.drain<unknown>(take, end),
    );
  });
}

/**
 * Brings in what a peer holds of a feed. It is asked directly, not by EBT: a peer
 * that spoke with the relay before its restore remembers that the relay had all of it, and says
 * and sends nothing (epidemic-broadcast-trees events.js, `peerClock` and `max`).
 *
 * @param peer connected, and heard of: some clients take nothing before they have said something
 * @returns once the peer has nothing more, or does not answer; never, if it leaves the question open
 */
export async function compareWith(peer: Peer, feed: FeedPort): Promise<Outcome> {
  for (;;) {
    const { taken, outcome } = await ask(peer, feed);
    if (outcome !== 'heard' || taken === 0) return outcome;
  }
}
