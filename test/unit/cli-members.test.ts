import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cliGround } from '../support/cli-run.js';

const DAY_MS = 86_400_000;
const ADA = { feed: '@ada', blocked: false, connected: true, sequence: 7, state: 'ok' };

test('member show tells since when, by which code and with how many guests', async (t) => {
  const ground = cliGround(t);
  const since = Date.now() - 3 * DAY_MS;
  const origin = { invite: 'ab12', note: 'for Ada', since, guests: 2 };
  await ground.answering({ 'member.show': { ...ADA, member: true, ...origin } });
  const { out } = await ground.run('member', 'show', '@ada');
  assert.match(out, /Here as +member, connected/);
  assert.match(out, /Since +\d{4}-\d\d-\d\d \d\d:\d\d UTC \(3 d 0 h ago\)/);
  assert.match(out, /Came by +code ab12, for Ada/);
  assert.match(out, /Guests +2/);
});

test('member show says who brought a guest along, and nothing that is not on record', async (t) => {
  const ground = cliGround(t);
  await ground.answering({ 'member.show': { ...ADA, member: true, sponsor: '@ben' } });
  const { out } = await ground.run('member', 'show', '@ada');
  assert.match(out, /Came by +brought along by @ben/);
  assert.doesNotMatch(out, /Since|Guests|undefined/);
});

test('member show says when a feed was removed', async (t) => {
  const ground = cliGround(t);
  await ground.answering({ 'member.show': { ...ADA, member: false, removedAt: 0 } });
  const { out } = await ground.run('member', 'show', '@ada');
  assert.match(out, /Here as +removed on 1970-01-01 00:00 UTC/);
});

test('member remove takes the guests only when told to, and says who stays', async (t) => {
  const ground = cliGround(t);
  const asked = await ground.answering({ 'member.remove': { removed: ['@a'], guests: ['@b'] } });
  const { code, err } = await ground.run('member', 'remove', '@a');
  assert.equal(code, 0);
  assert.match(err, /new code[\s\S]*stay \(1\):\n {2}@b\n.*--with-guests/);
  await ground.run('member', 'remove', '@a', '--with-guests');
  assert.deepEqual(asked, [
    ['member.remove', { feed: '@a', withGuests: false }],
    ['member.remove', { feed: '@a', withGuests: true }],
  ]);
});

test('bans are listed with their age and reason', async (t) => {
  const ground = cliGround(t);
  const at = Date.now() - 2 * DAY_MS;
  await ground.answering({ 'ban.list': [{ feed: '@a', at, reason: 'spam' }] });
  assert.match((await ground.run('bans')).out, /^@a {2}since .* UTC \(2 d 0 h ago\) {2}spam$/);
});

test('nobody banned is said so, and is an empty list for scripts', async (t) => {
  const ground = cliGround(t);
  await ground.answering({ 'ban.list': [] });
  const words = await ground.run('bans');
  assert.deepEqual([words.out, words.err], ['', 'Nobody is banned.']);
  assert.equal((await ground.run('bans', '--json')).out, '[]');
});

test('invites are listed with uses left, age and note', async (t) => {
  const ground = cliGround(t);
  const createdAt = Date.now() - DAY_MS - 3_600_000;
  const times = { createdAt, expiresAt: createdAt + 7 * DAY_MS };
  await ground.answering({
    'invite.list': [
      { id: 'ab12', state: 'open', ...times, note: 'for Ada' },
      { id: 'cd34', state: 'redeemed', ...times },
    ],
  });
  const [open = '', redeemed = ''] = (await ground.run('invite', 'list')).out.split('\n');
  assert.match(
    open,
    /^ab12 +open +1 use left +made \S+ \S+ \(1 d 1 h ago\) +until \S+ \S+ +for Ada$/,
  );
  assert.match(redeemed, /^cd34 +redeemed +none left/);
});

test('address prints the URL alone, or below its QR code', async (t) => {
  const ground = cliGround(t);
  await ground.answering({ status: { site: 'http://example.onion' } });
  assert.equal((await ground.run('address')).out, 'http://example.onion/invite/');
  const lines = (await ground.run('address', '--qr')).out.split('\n');
  assert.equal(lines.at(-1), 'http://example.onion/invite/');
  assert.ok(lines.length > 10);
  assert.match(lines[0] ?? '', /^[█▀▄ ]+$/);
});

test('address says so when Tor has told none yet', async (t) => {
  const ground = cliGround(t);
  await ground.answering({ status: {} });
  const { code, out, err } = await ground.run('address');
  assert.deepEqual([code, out], [69, '']);
  assert.match(err, /does not know its address yet[\s\S]*moment/);
});
