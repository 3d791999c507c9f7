import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { promisify } from 'node:util';
import { type CheckPlan, checkClearnet } from '../../src/clearnet/checks.js';
import type { ClearnetPlan } from '../../src/clearnet/plan.js';
import { outsideThroughTor } from '../../src/clearnet/through-tor.js';
import { type FakeOutside, openFakeOutside } from '../support/fake-outside.js';
import { askHere, formOf } from '../support/https.js';
import { DOMAIN, openProxy, type ProxyHouse, testPlan } from '../support/proxy-house.js';
import { temporaryFolder } from '../support/relay.js';
import { CODE, type House, openHouse } from '../support/site-house.js';

const ONION_PAGE = 'http://example.onion/invite/';
const run = promisify(execFile);

/** A server in what `caddy adapt` prints. */
interface Listening {
  readonly listen: readonly string[];
  readonly protocols: readonly string[];
  readonly logs?: unknown;
}

describe("Debian's proxy in front of the clearnet socket", () => {
  let folder: string;
  let plan: ClearnetPlan;
  let house: House;
  let proxy: ProxyHouse;
  let outside: FakeOutside;

  before(async () => {
    folder = await temporaryFolder();
    plan = await testPlan(folder);
    await mkdir(plan.sockets.folder);
    const clearnet = { domain: DOMAIN, onionPage: () => ONION_PAGE, socketMode: 0o600 };
    const limits = { requestsPerMinute: 100, sessions: 100, connections: 100 };
    house = await openHouse({ socket: plan.sockets.site, clearnet, limits });
    proxy = await openProxy(plan);
    outside = await openFakeOutside(join(folder, 'socks'), { [DOMAIN]: '203.0.113.5' });
  });
  after(async () => {
    await proxy?.stop();
    await house?.close();
    await outside?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const https = (changes: Partial<Parameters<typeof askHere>[0]> = {}) =>
    askHere({
      port: plan.ports.https,
      serverName: DOMAIN,
      host: DOMAIN,
      path: '/invite/',
      authority: proxy.authority,
      ...changes,
    });
  const http = (changes: Partial<Parameters<typeof askHere>[0]> = {}) =>
    askHere({ port: plan.ports.http, host: DOMAIN, path: '/invite/', ...changes });
  const checks = (changes: Partial<CheckPlan> = {}) =>
    checkClearnet({
      domain: DOMAIN,
      onionPage: ONION_PAGE,
      ports: plan.ports,
      ssbPort: undefined,
      outside: outsideThroughTor(outside.socks),
      now: Date.now,
      patienceMs: 200,
      ...changes,
    });
  const states = async (changes: Partial<CheckPlan> = {}) =>
    Object.fromEntries((await checks(changes)).map(({ name, state }) => [name, state]));

  it('its configuration is sound in its own eyes', async () => {
    const file = join(plan.storage, 'Caddyfile');
    const { stderr } = await run('caddy', ['validate', '--config', file, '--adapter', 'caddyfile']);
    assert.doesNotMatch(stderr, /"level":"error"/);
    const { stdout } = await run('caddy', ['adapt', '--config', file]);
    const { apps, admin, logging } = JSON.parse(stdout) as {
      logging: { logs: { default: { exclude: string[] } } };
      apps: { http: { servers: Record<string, Listening> } };
      admin: object;
    };
    assert.deepEqual(admin, { disabled: true });
    const { exclude } = logging.logs.default;
    assert.deepEqual(exclude, ['http.log', 'http.handlers', 'http.stdlib']);
    const servers = Object.values(apps.http.servers);
    assert.deepEqual(
      servers.map(({ protocols }) => protocols),
      [['h1'], ['h1']],
    );
    const listen = servers.flatMap((server) => server.listen).sort();
    const { http: plainPort, https: tlsPort } = plan.ports;
    assert.deepEqual(listen, [`127.0.0.1:${plainPort}`, `127.0.0.1:${tlsPort}`].sort());
    assert.ok(
      servers.every((server) => server.logs === undefined),
      'no visitor is logged',
    );
  });

  for (const name of ['page', 'redirect'] as const) {
    it(`the check of the ${name} has one deadline for the way there and the answer`, async () => {
      const mute = createServer((socket) => socket.on('error', () => undefined).resume());
      await once(mute.listen(join(folder, 'mute')), 'listening');
      const ends = new Map<AbortSignal, AbortController>();
      mock.method(AbortSignal, 'timeout', () => {
        const end = new AbortController();
        ends.set(end.signal, end);
        return end.signal;
      });
      const port = name === 'page' ? plan.ports.https : plan.ports.http;
      const found = checks({
        outside: {
          resolve: () => Promise.reject(new Error('not asked here')),
          async connect(_host, asked, signal) {
            if (asked !== port) throw new Error('not asked here');
            const socket = connect(join(folder, 'mute'));
            await once(socket, 'connect');
            // The deadline passes while the answer is waited for.
            setImmediate(() => ends.get(signal)?.abort());
            return socket;
          },
        },
      }).finally(() => mock.restoreAll());
      const which = name === 'page' ? 'port' : name;
      const check = (await found).find((each) => each.name === which);
      mute.close();
      assert.match(check?.what ?? '', /it took too long/);
    });
  }

  it('serves the page by HTTPS, and a riddle solved there gives a code', async () => {
    const page = await https();
    assert.equal(page.status, 200);
    assert.equal(page.headers['onion-location'], ONION_PAGE);
    assert.match(String(page.headers['strict-transport-security']), /max-age/);
    assert.equal(page.headers.server, undefined);
    const [cookie = ''] = page.headers['set-cookie'] ?? [];
    assert.match(cookie, /^__Host-snug=.*; Secure/);
    const form = formOf(house.desk.lastAnswer);
    const answer = await https({
      ...form,
      path: '/invite/invite-captcha-reponse',
      headers: { ...form.headers, Cookie: cookie.split(';')[0] ?? '' },
    });
    assert.equal(answer.status, 200);
    assert.ok(answer.body.includes(`<title>${CODE}</title>`));
  });

  it('sends plain HTTP to HTTPS, path and query kept, and only to the domain', async () => {
    const answer = await http({ path: '/invite/?a=b' });
    assert.equal(answer.status, 308);
    assert.equal(answer.headers.location, `${proxy.origin}/invite/?a=b`);
    assert.equal(answer.headers['set-cookie'], undefined);
  });

  it('plain HTTP for another host is refused, not redirected', async () => {
    const answer = await http({ host: 'evil.example' });
    assert.equal(answer.status, 421);
    assert.equal(answer.headers.location, undefined);
  });

  it('a Host header that is not the domain is refused', async () => {
    assert.equal((await https({ host: 'evil.example' })).status, 421);
    assert.equal((await https({ path: 'https://evil.example/invite/' })).status, 421);
  });

  it('there is no certificate for a foreign domain, nor for an address', async () => {
    await assert.rejects(https({ serverName: 'evil.example', host: 'evil.example' }), /alert|SSL/);
    await assert.rejects(https({ serverName: '', host: '127.0.0.1' }), /alert|SSL/);
  });

  it('overwrites what visitors say of their address', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 120; n += 1) {
      const headers = { 'X-Forwarded-For': `192.0.2.${n}`, 'X-Real-IP': `192.0.2.${n}` };
      statuses.push((await https({ path: '/robots.txt', headers })).status);
    }
    assert.equal(statuses.at(-1), 429, 'they were all one visitor');
    house.clock += 120_000;
  });

  it('a form beyond all measure is refused', async () => {
    const form = formOf('x'.repeat(20_000));
    const answer = await https({ ...form, path: '/invite/invite-captcha-reponse' });
    assert.equal(answer.status, 413);
  });

  it('the checks see from outside that all is well, but for an authority nobody knows', async () => {
    const ca = await readFile(proxy.authority, 'utf8');
    const well = { dns: 'ok', port: 'ok', certificate: 'look', page: 'ok', redirect: 'ok' };
    // The internal authority's certificates are good for half a day.
    assert.deepEqual(await states({ ca }), well);
    const untrusted = await checks();
    const certificate = untrusted.find(({ name }) => name === 'certificate');
    assert.equal(certificate?.state, 'failed');
    assert.match(certificate?.hint ?? '', /journalctl/);
    const far = () => Date.now() - 60 * 86_400_000;
    assert.equal((await states({ ca, now: far })).certificate, 'ok');
  });

  it('the checks know another relay, a private address and a name without one', async () => {
    assert.equal((await states({ onionPage: 'http://other.onion/invite/' })).page, 'failed');
    outside.names[DOMAIN] = '192.168.1.4';
    assert.equal((await states()).dns, 'failed');
    delete outside.names[DOMAIN];
    const [dns] = await checks();
    assert.match(dns?.what ?? '', /has no address: nobody knows that name/);
    outside.names[DOMAIN] = '203.0.113.5';
  });

  it('without the relay, visitors get a calm page and the checks say where it breaks', async () => {
    await house.site.stop();
    const answer = await https({ path: '/invite/?invite=c2VjcmV0' });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '60');
    assert.match(answer.body, /<h1>Closed for a moment<\/h1>/);
    const ca = await readFile(proxy.authority, 'utf8');
    assert.deepEqual(await states({ ca }), {
      dns: 'ok',
      port: 'ok',
      certificate: 'look',
      page: 'failed',
      redirect: 'ok',
    });
  });

  it('its log holds no address, no query and no cookie of a visitor', () => {
    const log = proxy.lines.join('\n');
    assert.match(log, /serving initial configuration/);
    assert.doesNotMatch(log, /127\.0\.0\.1:\d+->|remote_|invite=|__Host|192\.0\.2/);
  });

  it('without the proxy the checks say that nobody listens', async () => {
    await proxy.stop();
    const seen = await checks();
    assert.deepEqual(
      seen.map(({ name, state }) => [name, state]),
      [
        ['dns', 'ok'],
        ['port', 'failed'],
        ['certificate', 'look'],
        ['page', 'look'],
        ['redirect', 'look'],
      ],
    );
    assert.match(seen[1]?.what ?? '', /nobody listens there/i);
    assert.match(seen[1]?.hint ?? '', /systemctl status snug-clearnet/);
  });
});

describe('a proxy with somebody’s own certificate', () => {
  it('is sound in its own eyes, with the files where systemd puts them', async (t) => {
    const folder = await temporaryFolder();
    t.after(() => rm(folder, { recursive: true, force: true }));
    const pem = ['certificate', 'key'].map((name) => join(folder, name));
    const [certificate = '', key = ''] = pem;
    const self = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const names = ['-subj', `/CN=${DOMAIN}`, '-addext', `subjectAltName=DNS:${DOMAIN}`];
    await run('openssl', ['req', ...self, '-keyout', key, '-out', certificate, ...names]);
    const { renderCaddyfile } = await import('../../src/clearnet/caddyfile.js');
    const plan = { ...(await testPlan(folder)), tls: { kind: 'files', certificate, key } } as const;
    const file = join(folder, 'Caddyfile');
    await writeFile(file, renderCaddyfile(plan));
    const validate = (env: NodeJS.ProcessEnv) =>
      run('caddy', ['validate', '--config', file, '--adapter', 'caddyfile'], { env });
    const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    await validate({ ...env, CREDENTIALS_DIRECTORY: folder });
    await assert.rejects(validate({ ...env, CREDENTIALS_DIRECTORY: join(folder, 'none') }));
  });
});
