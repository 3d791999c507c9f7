import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metricsText } from '../../src/status/metrics.js';
import { type Rooms, type Snapshot, takeSnapshot } from '../../src/status/snapshot.js';
import { inShort, inWords, lastingWords } from '../../src/status/words.js';
import { ABOUT, DESK, MACHINE, NOW, SSB, TOR, VISITS, WELL } from '../support/status-views.js';

const look = (changes: Partial<Rooms> = {}): Snapshot =>
  takeSnapshot({ ...WELL, ...changes }, ABOUT);
const words = (changes: Partial<Rooms> = {}): string => inWords(look(changes), NOW).join('\n');

describe('the status', () => {
  it('is well, and ready, when everything is up and published', () => {
    const snapshot = look();
    assert.equal(snapshot.health, 'well');
    assert.equal(snapshot.ready, true);
    assert.equal(snapshot.site, 'http://x.onion');
    assert.deepEqual(snapshot.todo, []);
  });

  const problem = { what: 'The clock is wrong.', hint: 'Set it.' };
  const ailment = {
    what: 'The relay cannot reach itself.',
    hint: 'Wait.',
    seconds: 600,
    shut: false,
  };
  const board = (change: object) => ({ machine: { ...MACHINE, board: change } });
  for (const [what, changes, health, todo] of [
    ['Tor is not there', { tor: undefined }, 'down', undefined],
    ['Tor is restarting', { tor: { ...TOR, state: 'restarting' } }, 'down', /Tor is not ready yet/],
    ['Tor is publishing', { tor: { ...TOR, state: 'publishing' } }, 'down', /Tor is not ready yet/],
    ['SSB is not there', { ssb: undefined }, 'down', undefined],
    ['the site does not listen', { site: false }, 'down', undefined],
    ['Tor has a problem', { tor: { ...TOR, problem } }, 'degraded', /clock is wrong\. Set it\./],
    ['Tor is outdated', { tor: { ...TOR, outdated: true } }, 'degraded', /Update Tor.*apt install/],
    [
      'visits to itself fail, and others may get in',
      { visits: { ...VISITS, ailment } },
      'degraded',
      /cannot reach itself\. Wait\./,
    ],
    [
      'visits to itself fail, and nobody gets in',
      { visits: { ...VISITS, ailment: { ...ailment, shut: true } } },
      'down',
      /cannot reach itself\. Wait\./,
    ],
    [
      'SSB takes nothing in',
      { ssb: { ...SSB, paused: 'It is full.' } },
      'degraded',
      /no new messages are taken in\. It is full\./,
    ],
    ['SSB reads its log', { ssb: { ...SSB, indexed: false } }, 'degraded', /still reading/],
    [
      'the disk is 91 % full',
      { machine: { ...MACHINE, disk: { ...MACHINE.disk, usedPercent: 91 } } },
      'degraded',
      /the disk is 91 % full.*log_mb/,
    ],
    [
      'the updates of the card do not go well',
      { machine: { ...MACHINE, updates: { days: 8, late: true } } },
      'degraded',
      /not gone well for 8 days.*journalctl -u snug-upgrade/,
    ],
    ['the board lacks voltage', board({ underVoltage: true }), 'degraded', /stronger power supply/],
    ['the board is slowed down', board({ throttled: true }), 'degraded', /Give the board air/],
    ['the board is hot', board({ celsius: 80 }), 'degraded', /Give the board air/],
    ['it started five times in an hour', { starts: 5 }, 'degraded', /snug log.*started 5 times/],
  ] as const) {
    it(`is ${health} when ${what}${todo === undefined ? '' : ', and says what to do'}`, () => {
      const snapshot = look(changes as Partial<Rooms>);
      assert.equal(snapshot.health, health);
      assert.equal(snapshot.ready, health !== 'down');
      if (todo === undefined) return;
      assert.equal(snapshot.todo.length, 1);
      assert.match(inWords(snapshot, NOW).at(-1) ?? '', /^To do {5}/);
      assert.match(snapshot.todo[0] ?? '', todo);
    });
  }

  for (const [what, changes] of [
    [
      'the disk is 90 % full',
      { machine: { ...MACHINE, disk: { ...MACHINE.disk, usedPercent: 90 } } },
    ],
    ['the board was short of voltage before', board({ troubleBefore: true, celsius: 79 })],
    ['it started four times in an hour', { starts: 4 }],
  ] as const) {
    it(`is well when ${what}`, () => assert.equal(look(changes).health, 'well'));
  }

  it('no codes left is said, and is no fault', () => {
    const snapshot = look({ desk: { ...DESK, left: 0 } });
    assert.equal(snapshot.health, 'well');
    assert.match(snapshot.todo[0] ?? '', /^Nothing: the codes of this hour are used up/);
  });
});

describe('the status in words', () => {
  for (const [what, line] of [
    ['version and uptime', 'Version   1.0.0, up 3 d 4 h'],
    ['the address for visitors', 'Site      http://x.onion/invite/'],
    [
      'Tor, its version, its descriptors and their age',
      'Tor       0.4.9.11, published: 2 of 2 descriptors uploaded, the last 12 min ago',
    ],
    [
      'the last self-visit that went well, and its age',
      'Visits    by the relay itself: last well 7 min ago; 40 well, 2 failed',
    ],
    ['members, who is connected, feeds', 'SSB       3 members, 1 connected, 9 feeds within reach'],
    ['the log and its last message', 'Messages  84 MB, the last one taken in 2 min ago'],
    ['blobs', 'Blobs     2 kept, 0.0 of 954 MB; 0 wanted, 0 on their way'],
    ['the address for peers', 'For peers onion:x.onion:8008~shs:k'],
    [
      'riddles and codes',
      'Invites   4 codes left this hour (30 an hour); riddles: 5 shown, 4 solved, 4 refused; 3 codes redeemed',
    ],
    ['the clock', 'Clock     right, as far as Tor can tell'],
    ['the disk', 'Disk      12.3 of 29.0 GB free (58 % used)'],
    ['the board', 'Board     51 °C, not slowed down, voltage is right'],
  ] as const) {
    it(`shows ${what}`, () => assert.ok(words().split('\n').includes(line), words()));
  }

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
    const text = words({ tor: { ...TOR, state: 'bootstrapping', bootstrap } });
    assert.match(text, /connecting, 45 % \(Asking for relay descriptors\)/);
    assert.match(text, /Clock {5}Tor does not know yet/);
  });

  it('shows how wrong the clock is', () => {
    const text = words({ tor: { ...TOR, clockSkewSeconds: -259_200 } });
    assert.match(text, /Clock {5}259200 seconds slow, says Tor/);
  });

  it('shows that visits fail, and for how long', () => {
    const ailment = { what: 'x', hint: 'y', seconds: 720, shut: false };
    assert.match(words({ visits: { ...VISITS, ailment } }), /failing for 12 min/);
    const { lastWellSeconds: _, ...never } = VISITS;
    assert.match(words({ visits: never }), /none has gone well yet/);
  });

  it('has no line for what the machine does not report', () => {
    const machine = { disk: undefined, board: undefined, log: undefined, updates: undefined };
    assert.doesNotMatch(words({ machine }), /^(Disk|Board|Messages)/m);
    assert.match(words({ machine: { ...machine, board: { celsius: 40 } } }), /^Board {5}40 °C$/m);
  });

  it('says when there are no messages yet', () => {
    const machine = { ...MACHINE, log: { bytes: 0, lastMessage: NOW } };
    assert.match(words({ machine }), /^Messages {2}none yet$/m);
    const metrics = metricsText(look({ machine }));
    assert.doesNotMatch(metrics, /^snug_ssb_last_message/m);
  });

  it('says in one line what matters most', () => {
    const problem = { what: 'The clock is wrong.', hint: 'Set it.' };
    const short = (rooms: Partial<Rooms>) => inShort(look(rooms), NOW);
    assert.equal(short({}), 'http://x.onion/invite/ is published.');
    assert.match(short({ tor: { ...TOR, state: 'publishing' } }), /^Tor: publishing/);
    assert.match(
      short({ tor: { ...TOR, state: 'publishing', problem } }),
      /clock is wrong. Set it/,
    );
    assert.equal(short({ site: false }), 'Snug cannot be reached by visitors.');
  });

  it('says when a room is not up yet', () => {
    const nothing = { tor: undefined, ssb: undefined, desk: undefined, site: false };
    assert.equal(words(nothing).match(/not started/g)?.length, 3);
  });

  it('time alone is no change; a count, a state or a disk that fills is', () => {
    const first = lastingWords(look());
    const later = takeSnapshot(
      {
        ...WELL,
        visits: { ...VISITS, well: 41, lastWellSeconds: 3 },
        tor: { ...TOR, descriptors: { ...TOR.descriptors, lastUpload: NOW } },
      },
      { ...ABOUT, uptimeSeconds: 1e6 },
    );
    assert.equal(lastingWords(later), first);
    for (const changes of [
      { tor: { ...TOR, state: 'publishing' } },
      { desk: { ...DESK, shown: 6 } },
      { ssb: { ...SSB, connected: 2 } },
      { machine: { ...MACHINE, disk: { ...MACHINE.disk, usedPercent: 59 } } },
    ]) {
      assert.notEqual(lastingWords(look(changes)), first);
    }
  });
});

describe('the metrics', () => {
  /** @returns the value of each sample; the text must be of the format's form in every line */
  const samples = (text: string): Map<string, number> => {
    const found = new Map<string, number>();
    let described: string | undefined;
    for (const line of text.trimEnd().split('\n')) {
      const comment = /^# (HELP|TYPE) (snug_[a-z_]+) (.+)$/.exec(line);
      if (comment !== null) {
        described = comment[2];
        if (comment[1] === 'TYPE') assert.match(comment[3] ?? '', /^(gauge|counter)$/);
        continue;
      }
      const [, name = '', value] = /^(snug_[a-z_]+)(?:\{.*\})? (-?[\d.e+]+)$/.exec(line) ?? [];
      assert.equal(name, described, `${line} has its HELP and TYPE before it`);
      assert.ok(!found.has(name), `${name} comes once`);
      found.set(name, Number(value));
    }
    return found;
  };

  it('say the same as the status, in numbers', () => {
    const found = samples(metricsText(look()));
    for (const [name, value] of [
      ['health', 0],
      ['uptime_seconds', 273_600],
      ['tor_published', 1],
      ['tor_descriptors_uploaded', 2],
      ['self_visits_well_total', 40],
      ['self_visit_failing', 0],
      ['self_visit_age_seconds', 420],
      ['ssb_members', 3],
      ['ssb_log_bytes', 84 * 1024 * 1024],
      ['riddles_refused_total', 4],
      ['codes_left', 4],
      ['disk_used_percent', 58],
      ['board_celsius', 51],
      ['board_throttled', 0],
      ['starts_last_hour', 1],
    ] as const) {
      assert.equal(found.get(`snug_${name}`), value, name);
    }
  });

  it('leave out what is not known, and stay well-formed with nothing up', () => {
    const nothing = { tor: undefined, ssb: undefined, desk: undefined, site: false };
    const found = samples(metricsText(takeSnapshot(nothing, ABOUT)));
    assert.equal(found.get('snug_health'), 2);
    assert.equal(found.get('snug_board_celsius'), undefined);
  });

  it('tell nobody’s identity or address', () => {
    const peer = { name: 'Ada', id: '@friend', state: 'connected' };
    const text = metricsText(look({ ssb: { ...SSB, peers: [peer] } }));
    assert.doesNotMatch(text, /x\.onion|@|Ada|friend/);
    assert.equal(samples(text).get('snug_ssb_peers_connected'), 1);
  });
});
