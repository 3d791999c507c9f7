import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'puppeteer-core';
import { launchBrowser } from '../support/browser.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

describe('from onion URL to followed feed, over real Tor', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  let browser: Browser;
  let alice: StockPeer;
  let code = '';

  before(async () => {
    network = await testNetwork();
    relay = await startRelay(network.include);
    browser = await launchBrowser(network.client.socks);
    alice = startPeer(join(relay.folder, 'alice'), throughSocks(network.client.socks));
  });

  after(async () => {
    await browser?.close();
    await alice?.close();
    await relay?.stop();
    await network?.stop();
  });

  it('a browser without JavaScript and SVG gets a riddle that it can show', async () => {
    const { site } = await relay.status();
    const page = await browser.newPage();
    await page.goto(`${site}/invite/`, { timeout: 120_000 });
    const width = await page.$eval('img', (img) => (img.complete ? img.naturalWidth : 0));
    assert.ok(width > 200, 'the picture has arrived and is one');
    assert.equal(await page.$eval('img', (img) => img.scrollWidth > 200), true);
    await page.close();
  });

  it('the right answer gives a page whose title is the code', async () => {
    const { site, ssb } = await relay.status();
    const page = await browser.newPage();
    await page.goto(`${site}/invite/`, { timeout: 120_000 });
    await page.type('input[name=captcha]', (relay.answers.at(-1) ?? '').toLowerCase());
    await Promise.all([page.waitForNavigation({ timeout: 120_000 }), page.keyboard.press('Enter')]);
    code = await page.title();
    const host = (site ?? '').replace('http://', '');
    assert.equal(code.split('~')[0], `${host}:8008:${ssb?.id}`);
    await eventually('the move to the address that web views wait for', () =>
      page.url().includes('?') ? true : undefined,
    );
    const [, encoded = ''] = /\?invite=(.*)$/.exec(page.url()) ?? [];
    assert.equal(Buffer.from(encoded, 'base64').toString(), code);
    assert.equal(await page.title(), code);
    await page.close();
  });

  it('a stranger is refused before the code is redeemed', async () => {
    await assert.rejects(alice.connect(code), /hung up|stream ended|phase 3/);
  });

  it('a stock SSB peer redeems the code and is followed', async () => {
    await alice.redeem(code);
    const { ssb } = await relay.status();
    assert.equal(ssb?.members, 1);
  });

  it('the new member connects as itself and its posts arrive', async () => {
    await alice.publish({ type: 'post', text: 'good evening' });
    const post = await alice.publish({ type: 'post', text: 'is anybody in?' });
    const rpc = await alice.connect(code);
    const bob = startPeer(join(relay.folder, 'bob'), throughSocks(network.client.socks));
    try {
      const invite = (await relay.ask('invite.create', { note: 'bob' })) as { code: string };
      await bob.redeem(invite.code);
      const asBob = await bob.connect(invite.code);
      await eventually('the post', async () =>
        (await bob.history(asBob, alice.id)).includes(post.key) ? true : undefined,
      );
    } finally {
      await bob.close();
    }
    rpc.close(true);
  });
});
