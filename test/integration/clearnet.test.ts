import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'puppeteer-core';
import { checkClearnet } from '../../src/clearnet/checks.js';
import { planOf } from '../../src/clearnet/plan.js';
import { outsideThroughTor } from '../../src/clearnet/through-tor.js';
import { loadConfig } from '../../src/config/load-config.js';
import { findFreePorts } from '../../src/demo/free-ports.js';
import { launchChromium } from '../support/chromium.js';
import { askHere } from '../support/https.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { askOnion, cookieOf } from '../support/onion-http.js';
import { openProxy, type ProxyHouse } from '../support/proxy-house.js';
import { startRelay, type TestRelay, temporaryFolder } from '../support/relay.js';
import { ask, Visitor } from '../support/site-client.js';
import { type SocketProxy, startSocketProxy } from '../support/socket-proxy.js';
import { type Dial, type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';

const DOMAIN = 'pub.example.org';
const FEW = '[limits]\nrequests_per_minute = 15\n';
const off = (ssbPort: number) => `${FEW}[invites]\nport = ${ssbPort}\n`;
const on = (ssb: string, ssbPort: number) =>
  `${off(ssbPort)}[clearnet]\ndomain = "${DOMAIN}"\nssb = "${ssb}"\ntls = "internal"\n`;

describe('the page on a public domain, over the real proxy and real Tor', () => {
  let folder: string;
  let include: string;
  let network: TestNetwork;
  let relay: TestRelay;
  let proxy: ProxyHouse;
  let sockets: SocketProxy;
  let browser: Browser;
  let ports = { http: 0, https: 0 };
  let ssbPort = 0;
  const peers: StockPeer[] = [];

  before(async () => {
    folder = await temporaryFolder();
    network = await testNetwork();
    // The relay's own Tor finds the domain on this machine, as the DNS of an exit would say.
    include = join(folder, 'network.torrc');
    const map = `MapAddress ${DOMAIN} 127.0.0.1\n`;
    await writeFile(include, `${await readFile(network.include, 'utf8')}\n${map}`);
    const [http = 0, https = 0, ssb = 0] = await findFreePorts(3);
    ports = { http, https };
    ssbPort = ssb;
  });
  after(async () => {
    await browser?.close();
    await Promise.all(peers.map((peer) => peer.close()));
    await sockets?.stop();
    await proxy?.stop();
    await relay?.stop();
    await network?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const torrc = () => readFile(join(relay.folder, 'state', 'tor', 'torrc'));
  const dial = () => throughSocks(network.client.socks);
  const newPeer = (way: Dial) => {
    const peer = startPeer(join(folder, `peer${peers.length}`), way);
    peers.push(peer);
    return peer;
  };
  /** Solves the riddle as somebody does who has nothing but a browser. */
  const solve = async (page: Page): Promise<string> => {
    await page.goto(`https://${DOMAIN}/invite/`);
    await page.type('input[name=captcha]', relay.answers.at(-1) ?? '');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    return page.title();
  };
  const plan = () => {
    const file = join(relay.folder, 'snug.toml');
    const changes = { ports, bind: '127.0.0.1', storage: join(folder, 'proxy') };
    return planOf(loadConfig({ file, env: {} }), changes) ?? assert.fail('the profile is off');
  };
  const siteSocket = () => join(relay.folder, 'run', 'site.sock');

  it('with the profile off there is nothing of it; on, the onion’s files are the same to the byte', async () => {
    relay = await startRelay(include, off(ssbPort));
    const { folder: place } = relay;
    const before = await torrc();
    const { site, clearnet } = await relay.status();
    assert.equal(clearnet, undefined);
    assert.deepEqual((await readdir(place)).sort(), ['run', 'snug.toml', 'state']);
    const names = ['control.sock', 'site.sock', 'ssb.sock', 'tor'];
    assert.deepEqual((await readdir(join(place, 'run'))).sort(), names);
    const page = await ask(siteSocket(), 1, { path: '/' });
    await relay.app.stop();

    relay = await startRelay(include, on('onion', ssbPort), place);
    assert.deepEqual(await torrc(), before);
    assert.deepEqual((await readdir(join(place, 'run'))).sort(), names);
    assert.deepEqual(await readdir(join(place, 'run-clearnet')), ['site.sock']);
    assert.deepEqual(await ask(siteSocket(), 1, { path: '/' }), page);
    const status = await relay.status();
    assert.deepEqual([status.site, status.clearnet?.domain], [site, DOMAIN]);
    proxy = await openProxy(plan());
  });

  it('Chromium, trusting the authority, comes from port 80 to the page on HTTPS', async () => {
    const home = join(folder, 'home');
    await mkdir(home);
    browser = await launchChromium({
      folder: home,
      authority: proxy.authority,
      hosts: {
        [`${DOMAIN}:80`]: `127.0.0.1:${ports.http}`,
        [`${DOMAIN}:443`]: `127.0.0.1:${ports.https}`,
        [`${DOMAIN}:${ports.https}`]: `127.0.0.1:${ports.https}`,
      },
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    const answer = await page.goto(`http://${DOMAIN}/invite/`);
    assert.equal(answer?.status(), 200);
    const [redirect] = answer?.request().redirectChain() ?? [];
    assert.equal(redirect?.response()?.status(), 308);
    assert.equal(page.url(), `https://${DOMAIN}:${ports.https}/invite/`);
    assert.match(answer?.securityDetails()?.issuer() ?? '', /Caddy Local Authority/);
    const { site } = await relay.status();
    assert.equal(answer?.headers()['onion-location'], `${site}/invite/`);
    assert.match(answer?.headers()['strict-transport-security'] ?? '', /max-age=31536000/);
    const cookies = await browser.cookies();
    assert.deepEqual(
      cookies.map(({ name, secure, httpOnly, sameSite, path }) => ({
        name,
        secure,
        httpOnly,
        sameSite,
        path,
      })),
      [{ name: '__Host-snug', secure: true, httpOnly: true, sameSite: 'Strict', path: '/' }],
    );
    await page.close();
  });

  it('the riddle solved there gives a code that a peer redeems through the onion', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    const code = await solve(page);
    await page.close();
    const { site = '', ssb } = await relay.status();
    assert.equal(code.split('~')[0], `${site.replace('http://', '')}:${ssbPort}:${ssb?.id}`);
    await newPeer(dial()).redeem(code);
    assert.equal((await relay.status()).ssb?.members, 1);
  });

  it('headers about addresses and hosts, sent over the onion, have no effect', async () => {
    const { site } = await relay.status();
    let refused = false;
    // Ten a minute of one circuit; a busy Tor may use a second one.
    for (let n = 0; n < 100 && !refused; n += 1) {
      const headers = {
        'X-Forwarded-For': `192.0.2.${n}`,
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': DOMAIN,
        Host: DOMAIN,
      };
      const answer = await askOnion(dial(), `${site}/invite/`, { headers });
      refused = answer.status === 429;
      assert.equal(answer.headers['strict-transport-security'], undefined);
      assert.equal(answer.headers['onion-location'], undefined);
      if (answer.status === 200) assert.match(cookieOf(answer), /^snug=/);
      assert.doesNotMatch(String(answer.headers['set-cookie']), /Secure/);
    }
    assert.ok(refused, 'one circuit is one visitor');
    const clearnet = await askHere({
      port: ports.https,
      serverName: DOMAIN,
      host: DOMAIN,
      path: '/robots.txt',
      authority: proxy.authority,
    });
    assert.equal(clearnet.status, 200, 'and nobody else pays for it');
  });

  it('the checks reach the domain through Tor, and the relay’s own say what is wrong', async () => {
    const { site = '' } = await relay.status();
    const found = await checkClearnet({
      domain: DOMAIN,
      onionPage: `${site}/invite/`,
      ports,
      ssbPort: undefined,
      outside: outsideThroughTor(join(relay.folder, 'run', 'tor', 'socks')),
      now: Date.now,
      ca: await readFile(proxy.authority, 'utf8'),
    });
    assert.deepEqual(
      found.map(({ name, state }) => [name, state]),
      [
        // The private network's DNS has loopback addresses only, and the authority's term is short.
        ['dns', 'failed'],
        ['port', 'ok'],
        ['certificate', 'look'],
        ['page', 'ok'],
        ['redirect', 'ok'],
      ],
    );
    assert.match(found[0]?.what ?? '', /private address 127\.0\.0\.1/);
    const own = (await relay.ask('clearnet.check')) as typeof found;
    assert.deepEqual(
      own.map(({ name }) => name),
      found.map(({ name }) => name),
    );
    assert.match(own[0]?.what ?? '', /private address 127\.0\.0\.1/);
  });

  it('with ssb = "domain" the code names the domain, and a peer redeems it there directly', async () => {
    await relay.app.stop();
    relay = await startRelay(include, on('domain', ssbPort), relay.folder);
    assert.deepEqual((await readdir(join(relay.folder, 'run-clearnet'))).sort(), [
      'site.sock',
      'ssb.sock',
    ]);
    sockets = await startSocketProxy(ssbPort, plan().sockets.ssb ?? '');
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    const code = await solve(page);
    const { ssb } = await relay.status();
    assert.equal(code.split('~')[0], `${DOMAIN}:${ssbPort}:${ssb?.id}`);
    assert.match(await page.content(), /Open a Scuttlebutt client\./);
    await page.close();
    const direct: Dial = async (host, port) => {
      assert.deepEqual([host, port], [DOMAIN, ssbPort]);
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };
    const ada = newPeer(direct);
    await ada.redeem(code);
    assert.equal((await relay.status()).ssb?.members, 2);
    (await ada.connect(code)).close(true);
  });

  it('codes given behind the onion, and by the operator, still name the onion', async () => {
    const { site = '' } = await relay.status();
    const onion = `${site.replace('http://', '')}:${ssbPort}:@`;
    const { code } = (await relay.ask('invite.create')) as { code: string };
    assert.ok(code.startsWith(onion));
    const visitor = new Visitor(siteSocket(), 2);
    await visitor.get('/invite/');
    const { title } = await visitor.answer(relay.answers.at(-1) ?? '');
    assert.ok(title?.startsWith(onion));
  });

  it('a killed proxy takes nothing from the onion, and no address reaches a log', async () => {
    await proxy.stop();
    assert.equal((await ask(siteSocket(), 3, { path: '/' })).status, 200);
    const { health, clearnet } = await relay.status();
    assert.deepEqual([health, clearnet?.domain], ['well', DOMAIN]);
    const log = [...relay.lines, ...proxy.lines].join('\n');
    assert.doesNotMatch(log, /192\.0\.2\.|__Host-snug=|~[A-Za-z0-9+/]{43}=/i);
  });
});
