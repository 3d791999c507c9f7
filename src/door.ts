import { setTimeout as delay } from 'node:timers/promises';
import type { InviteDesk } from './invites/desk.js';
import type { RelayThread } from './ssb/relay-thread.js';
import { hintOf, messageOf } from './support/errors.js';
import type { Log } from './support/log.js';
import type { TorStatus } from './tor/status.js';
import type { Tor } from './tor/tor.js';

/** How long after a failure it is tried again to take note of what has come back. */
const TRY_AGAIN_MS = 60_000;

async function reconcile(desk: InviteDesk, log: Log): Promise<void> {
  await desk.reconcile().catch((error: unknown) => {
    log.error(`${messageOf(error)} ${hintOf(error) ?? ''}`);
  });
}

/**
 * Each time that the relay has waited for its own feed and it is back: the desk learns what is news
 * to it, then publishing goes on, and what was owed meanwhile is published.
 */
async function followOwnFeed(relay: RelayThread, desk: InviteDesk, log: Log): Promise<void> {
  for (;;) {
    const news = await relay.untilOwnFeedBack();
    try {
      await desk.catchUp(news);
      await relay.publishAgain();
      await reconcile(desk, log);
    } catch (error) {
      log.error(`the own feed is back, but publishing cannot go on yet: ${messageOf(error)}`);
      await delay(TRY_AGAIN_MS, undefined, { ref: false });
    }
  }
}

/**
 * Lets the desk decide who comes in, once log and desk agree; while the relay waits for its own
 * feed they cannot, and it is members who bring it.
 */
export async function openDoor(relay: RelayThread, desk: InviteDesk, log: Log): Promise<void> {
  // Not all of them are published, or can be now.
  for (const { feed } of desk.bans()) await relay.setBanned(feed, true);
  if (relay.status().ownFeed.held === undefined) await reconcile(desk, log);
  else await desk.beginDoubt();
  relay.admit(desk);
  followOwnFeed(relay, desk, log).catch((error: unknown) => {
    log.debug(`the own feed is not followed any more: ${messageOf(error)}`);
  });
}

/**
 * Has the relay dial its peers while Tor is published and has a network, and wait while it has not:
 * as soon as it is back, they are dialled at once.
 * @returns ends that
 */
export function dialWhileOnline(tor: Tor, relay: RelayThread): () => void {
  let online = false;
  const tell = ({ state }: TorStatus) => {
    if ((state === 'published') === online) return;
    online = !online;
    // A relay that cannot be told has ended, and says so itself.
    relay.setOnline(online).catch(() => undefined);
  };
  tell(tor.status());
  return tor.onChange(tell);
}
