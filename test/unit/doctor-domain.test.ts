import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Report } from '../../src/doctor/finding.js';
import { SnugError } from '../../src/support/errors.js';
import { packageVersion } from '../../src/support/package.js';
import { listenOnSocket } from '../../src/support/unix-socket.js';
import { type CliGround, cliGround } from '../support/cli-run.js';

const ON = '[clearnet]\ndomain = "pub.example.org"\n';
const WELL = ['dns', 'port', 'certificate', 'page', 'redirect'].map((name) => ({
  name,
  state: 'ok',
  what: `${name} is well.`,
}));

/** A relay that is well, and answers so when it is asked to look at the domain. */
async function running(t: TestContext, ground: CliGround, answer: unknown) {
  const status = { health: 'well', version: packageVersion(), todo: [] };
  const asked = await ground.answering({ status, 'clearnet.check': answer });
  for (const name of ['site.sock', 'ssb.sock']) {
    const server = createServer();
    await listenOnSocket(server, join(ground.folder, 'run', name));
    t.after(() => server.close());
  }
  return asked;
}

/** What was found of the domain; undefined when nobody looked. */
async function domainOf(ground: CliGround) {
  const { code, out } = await ground.run('doctor', '--json');
  const { checks } = JSON.parse(out) as Report;
  return { code, found: checks.find(({ name }) => name === 'domain')?.findings };
}

test('without the profile nobody looks at any domain', async (t) => {
  const ground = cliGround(t);
  const asked = await running(t, ground, WELL);
  assert.deepEqual(await domainOf(ground), { code: 0, found: undefined });
  assert.deepEqual(
    asked.map(([method]) => method),
    ['status'],
  );
});

test('a domain that is well is no finding', async (t) => {
  const ground = cliGround(t, ON);
  await running(t, ground, WELL);
  assert.deepEqual(await domainOf(ground), { code: 0, found: [] });
});

test('DNS, port and certificate that are not well: each with reason and remedy, none grave', async (t) => {
  const ground = cliGround(t, ON);
  const bad = ['dns', 'port', 'certificate'].map((name) => ({
    name,
    state: name === 'certificate' ? 'look' : 'failed',
    what: `${name} is broken.`,
    hint: `Mend ${name}.`,
  }));
  await running(t, ground, [...bad, ...WELL.slice(3)]);
  const { code, found = [] } = await domainOf(ground);
  assert.equal(code, 1);
  assert.deepEqual(
    found.map(({ what, remedy, grave }) => [what, remedy, grave]),
    bad.map(({ what, hint }) => [what, hint, false]),
  );
  assert.equal(new Set(found.map(({ reason }) => reason)).size, 3);
});

test('while no relay runs it is said that the domain was not checked, and why', async (t) => {
  const { code, found } = await domainOf(cliGround(t, ON));
  assert.equal(code, 1);
  assert.match(found?.[0]?.what ?? '', /pub\.example\.org was not checked: no relay runs/);
  assert.match(found?.[0]?.remedy ?? '', /Start the relay/);
});

for (const [what, error, why, remedy] of [
  [
    'has another configuration',
    new SnugError('CLEARNET_OFF', 'The profile is off.', { hint: 'Set it.' }),
    /not checked: the running relay was started without it/,
    /^Restart the relay/,
  ],
  [
    'has no Tor yet',
    new SnugError('TOR_NOT_STARTED', 'Tor has not started.', { hint: 'Wait for it.' }),
    /not checked: Tor has not started\./,
    /^Wait for it\.$/,
  ],
] as const) {
  test(`a relay that ${what}: not checked, and why`, async (t) => {
    const ground = cliGround(t, ON);
    await running(t, ground, error);
    const { code, found } = await domainOf(ground);
    assert.deepEqual([code, found?.length], [1, 1]);
    assert.match(found?.[0]?.what ?? '', why);
    assert.match(found?.[0]?.remedy ?? '', remedy);
  });
}
