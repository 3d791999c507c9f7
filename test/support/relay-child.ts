/** A relay in a process of its own, to be killed: folder, socket and whom to follow as arguments. */
import { join } from 'node:path';
import { Relay } from '../../src/ssb/relay.js';
import { parseFeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { SOME_ONION } from './ssb-house.js';

const [folder = '', member = ''] = process.argv.slice(2);
const say = (line: object) => process.send?.(line);

const relay = await Relay.open({
  folder: join(folder, 'relay'),
  listen: join(folder, 'ssb.sock'),
  socks: join(folder, 'no-socks'),
  host: SOME_ONION,
  port: 8008,
  hops: 2,
  connections: 32,
  log: createLog({ write: (line) => say({ line }), journal: false, verbose: false }),
});
relay.admit({
  mayRedeem: () => Promise.resolve(false),
  isBanned: () => false,
  redeem: () => Promise.reject(new Error('no codes here')),
  sponsor: () => Promise.resolve({ already: false }),
});
const feed = parseFeedId(member);
// A message of its own each time: the next one must not fork its feed.
await relay.unblock(feed);
await relay.follow(feed);
say({ open: true, id: relay.id });
setInterval(() => {
  void relay.feed(feed).then(async ({ sequence, state }) => {
    const own = await relay.feed(relay.id);
    say({ sequence, state, own: own.sequence });
  });
}, 20);
