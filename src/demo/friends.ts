import { join } from 'node:path';
import { type StockPeer, startPeer, throughSocks } from './stock-peer.js';

/** Options of {@link introduceFriends}. */
export interface FriendsOptions {
  /** Where the friends keep their feeds. */
  readonly folder: string;
  /** A SOCKS port on the network of the relay. */
  readonly socks: { readonly host: string; readonly port: number };
  /** @returns a fresh invite code */
  readonly newCode: () => Promise<string>;
  /** Receives what happens, a sentence at a time. */
  readonly say: (text: string) => void;
}

/** Resolves with the text of the next post of this feed that arrives at this peer. */
function nextPost(peer: StockPeer, feed: string): Promise<string> {
  return new Promise((resolve) => {
    peer.server.post(({ value }) => {
      const content = value.content as { type?: string; text?: string };
      if (value.author === feed && content.type === 'post') resolve(content.text ?? '');
    }, false);
  });
}

async function becomeMember(
  name: string,
  peer: StockPeer,
  options: FriendsOptions,
): Promise<string> {
  const code = await options.newCode();
  await peer.redeem(code);
  options.say(`${name} has redeemed a code over the onion; the relay follows ${peer.id}.`);
  return code;
}

async function tell(from: StockPeer, to: StockPeer, text: string): Promise<string> {
  const heard = nextPost(to, from.id);
  await from.publish({ type: 'post', text });
  return await heard;
}

/**
 * Two members who never meet write to each other: each is a stock ssb-server that knows nothing but
 * the relay's onion address.
 *
 * @returns the two, to be closed by the caller
 */
export async function introduceFriends(options: FriendsOptions): Promise<StockPeer[]> {
  const dial = throughSocks(options.socks, { isolate: true });
  const ada = startPeer(join(options.folder, 'ada'), dial);
  const ben = startPeer(join(options.folder, 'ben'), dial);
  for (const [one, other] of [
    [ada, ben],
    [ben, ada],
  ] as const) {
    await one.publish({ type: 'contact', contact: other.id, following: true });
  }
  await ada.connect(await becomeMember('Ada', ada, options));
  await ben.connect(await becomeMember('Ben', ben, options));
  options.say(`Ben reads: ${await tell(ada, ben, 'Good evening, is anybody in?')}`);
  options.say(`Ada reads: ${await tell(ben, ada, 'I am. What will you have?')}`);
  options.say('Both went through the relay; Ada and Ben have never met.');
  return [ada, ben];
}
