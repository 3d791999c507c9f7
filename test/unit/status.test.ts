import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Rooms, takeSnapshot } from '../../src/status/snapshot.js';
import { inWords } from '../../src/status/words.js';

const TOR = {
  state: 'published',
  version: '0.4.9.11',
  host: 'x.onion',
  bootstrap: { progress: 100, summary: 'Done' },
  descriptors: { wanted: 2, uploaded: 2 },
  restarts: 0,
};
const BLOBS = { count: 2, bytes: 4096, totalBytes: 1e9, wanted: 0, fetching: 0, pause: undefined };
const WELL: Rooms = {
  tor: TOR,
  ssb: { id: '@x', members: 3, reach: 9, connected: 1, peers: [], blobs: BLOBS, indexed: true },
  desk: { left: 4, perHour: 30, shown: 5, solved: 4, wrong: 1, overBudget: 0, redeemed: 3 },
  site: true,
};
const ABOUT = { version: '1.0.0', uptimeSeconds: 3.7, ssbAddress: 'onion:x.onion:8008~shs:k' };

describe('the status', () => {
  it('is well, and ready, when everything is up and published', () => {
    const snapshot = takeSnapshot(WELL, ABOUT);
    assert.equal(snapshot.health, 'well');
    assert.equal(snapshot.ready, true);
    assert.equal(snapshot.site, 'http://x.onion');
    assert.deepEqual(snapshot.todo, []);
  });

  const problem = { what: 'The clock is wrong.', hint: 'Set it.' };
  for (const [what, rooms, health] of [
    ['Tor is not there', { ...WELL, tor: undefined }, 'down'],
    ['Tor is restarting', { ...WELL, tor: { ...TOR, state: 'restarting' } }, 'down'],
    ['Tor is publishing', { ...WELL, tor: { ...TOR, state: 'publishing' } }, 'down'],
    ['SSB is not there', { ...WELL, ssb: undefined }, 'down'],
    ['the site does not listen', { ...WELL, site: false }, 'down'],
    ['Tor has a problem', { ...WELL, tor: { ...TOR, problem } }, 'degraded'],
  ] as const) {
    it(`is ${health} when ${what}`, () => {
      const snapshot = takeSnapshot(rooms, ABOUT);
      assert.equal(snapshot.health, health);
      assert.equal(snapshot.ready, health !== 'down');
    });
  }

  it('says what to do about a problem, in words', () => {
    const snapshot = takeSnapshot({ ...WELL, tor: { ...TOR, problem } }, ABOUT);
    const words = inWords(snapshot).join('\n');
    assert.match(words, /needs a look[\s\S]*To do +The clock is wrong\. Set it\./);
  });

  it('warns in every line of the clearnet profile, and says why it is not offered', () => {
    const on = { ...WELL, clearnet: { domain: 'pub.example.org', ssb: 'domain' } as const };
    const words = inWords(takeSnapshot(on, ABOUT)).join('\n');
    assert.match(words, /Clearnet +https:\/\/pub\.example\.org\/invite\/ .*name the domain/);
    assert.match(words, /Warning +pub\.example\.org shows everybody where this board is/);
    const problem = 'The folder is gone. Make it.';
    const broken = takeSnapshot({ ...on, clearnet: { ...on.clearnet, problem } }, ABOUT);
    assert.equal(broken.health, 'degraded');
    assert.match(
      inWords(broken).join('\n'),
      /Clearnet +not offered[\s\S]*To do +The folder is gone/,
    );
    assert.doesNotMatch(inWords(takeSnapshot(WELL, ABOUT)).join('\n'), /Clearnet|Warning/);
  });

  it('shows how far Tor is', () => {
    const bootstrap = { progress: 45, summary: 'Asking for relay descriptors' };
    const tor = { ...TOR, state: 'bootstrapping', bootstrap };
    assert.match(
      inWords(takeSnapshot({ ...WELL, tor }, ABOUT)).join('\n'),
      /45 % \(Asking for relay descriptors\)/,
    );
  });

  it('says when a room is not up yet', () => {
    const nothing = { tor: undefined, ssb: undefined, desk: undefined, site: false };
    const words = inWords(takeSnapshot(nothing, ABOUT)).join('\n');
    assert.equal(words.match(/not started/g)?.length, 3);
  });
});
