// A visitor and a member, on the host, through the private Tor network: the compiled code of the
// demo and of the other tests.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../scripts/setup.mjs';

const compiled = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);
const TRIES = 10;

/** A first connection to an onion that has just been published may fail. */
async function insist(machine, what, act) {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (tries === TRIES || !machine.running)
        throw new Error(`${what}: ${error.message}`, { cause: error });
    }
  }
}

/** @returns {Promise<object>} the network of the tests, on this machine */
export async function startNetwork(folder, signal, onProgress) {
  const { startPrivateNetwork } = await compiled('src/demo/private-network.js');
  return startPrivateNetwork({ folder, signal, onProgress });
}

/**
 * Opens the riddle page, answers, and redeems the code.
 * @param {{ host: string, socks: object, machine: import('./machine.mjs').Machine, folder: string,
 *   mark?: (text: string) => void }} wish
 * @returns {Promise<{ peer: object, code: string, relay: string }>} the member and the relay's feed
 */
export async function becomeMember({ host, socks, machine, folder, mark = () => {} }) {
  const { startPeer, throughSocks } = await compiled('src/demo/stock-peer.js');
  const { askOnion, cookieOf } = await compiled('test/support/onion-http.js');
  const dial = throughSocks(socks);
  const page = await insist(machine, 'the riddle page', () =>
    askOnion(dial, `http://${host}/invite/`),
  );
  assert.equal(page.status, 200);
  mark('riddle page fetched');
  const picture = /<img[^>]+src="([^"]+)"/.exec(page.body)?.[1];
  const cookie = cookieOf(page);
  if (picture !== undefined && !picture.startsWith('data:')) {
    const url = new URL(picture, `http://${host}/invite/`).href;
    await insist(machine, 'the picture', () => askOnion(dial, url, { cookie }));
  }
  const riddles = () => [...machine.text.matchAll(/test: riddle (\w{6})/g)];
  await machine.waitFor(/test: riddle \w{6}/, 60);
  const form = { captcha: riddles().at(-1)[1].toLowerCase() };
  const post = `http://${host}/invite/invite-captcha-reponse`;
  const answer = await insist(machine, 'the answer', () => askOnion(dial, post, { form, cookie }));
  const code = /<title>([^<]*)<\/title>/.exec(answer.body)?.[1] ?? '';
  assert.match(code, /^[a-z2-7]{56}\.onion:8008:@/, answer.body.slice(0, 500));
  mark('code earned');
  const peer = startPeer(join(folder, 'member'), dial);
  try {
    await insist(machine, 'the redemption', () => peer.redeem(code));
  } catch (error) {
    await peer.close();
    throw error;
  }
  mark('code redeemed');
  const [, relay] = /:(@[^~]+)~/.exec(code);
  return { peer, code, relay };
}
