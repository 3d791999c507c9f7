import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { codeOf, messageOf } from '../../src/support/errors.js';
import { parseOnionHost } from '../../src/support/onion-host.js';
import { type VisitPlan, visitSelf } from '../../src/tor/self-visit.js';
import { type OnionSwitch, openSwitch } from '../support/onion-switch.js';
import { type House, openHouse } from '../support/site-house.js';

const HOST = parseOnionHost('5j7x27weg7v7cidchx5bkd5lnbx6facvydny74tftnf26ibbl63qxgad.onion');
const { signal } = new AbortController();

describe('a visit of the relay to itself', () => {
  let house: House;
  let tor: OnionSwitch;
  let plan: VisitPlan;
  let others: Server[];

  beforeEach(async () => {
    house = await openHouse();
    others = [];
    const socksPath = `${house.socket}.socks`;
    tor = await openSwitch(socksPath);
    tor.routes.set(HOST, house.socket);
    plan = {
      socksPath,
      host: HOST,
      port: 80,
      path: '/invite/',
      headers: house.site.ownVisit.headers,
      check: (answer) => house.site.ownVisit.check(answer),
      deadlineMs: 30_000,
    };
  });
  afterEach(async () => {
    for (const server of others) server.close();
    await tor.close();
    await house.close();
  });

  /** Puts something else behind the onion address. */
  const instead = async (answer: (socket: Socket) => void) => {
    const path = `${house.socket}.other`;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      answer(socket);
    });
    others.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    tor.routes.set(HOST, path);
  };
  const failure = async (changes: Partial<VisitPlan> = {}): Promise<[string, string]> => {
    const error = await visitSelf({ ...plan, ...changes }, signal).then(
      () => assert.fail('the visit went well'),
      (reason: unknown) => reason,
    );
    return [codeOf(error) ?? '', messageOf(error)];
  };

  it('sees the riddle page, opens no session, poses no riddle and is no visitor', async () => {
    await visitSelf(plan, signal);
    assert.equal(house.desk.lastAnswer, '');
    assert.equal(house.site.ownVisit.others, 0);
    assert.deepEqual(tor.asked, [HOST]);
  });

  it('comes on a circuit of its own each time', async () => {
    await visitSelf(plan, signal);
    await visitSelf(plan, signal);
    assert.equal(new Set(tor.circuits).size, 2);
  });

  it('fails when Tor finds no way, in words', async () => {
    tor.routes.clear();
    const [code, why] = await failure();
    assert.equal(code, 'VISIT_FAILED');
    assert.match(why, /was not found, or its introduction points/);
  });

  it('fails when there is no SOCKS socket', async () => {
    assert.equal((await failure({ socksPath: `${plan.socksPath}.gone` }))[0], 'VISIT_FAILED');
  });

  it('fails when nothing comes in time', async () => {
    await instead(() => undefined);
    const [code, why] = await failure({ deadlineMs: 300 });
    assert.equal(code, 'VISIT_FAILED');
    assert.match(why, /nothing came within 1 s/);
  });

  it('fails when the page has no end, and reads no more of it', async () => {
    await instead((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = () => {
        while (socket.write('x'.repeat(65_536)));
      };
      socket.on('drain', more);
      more();
    });
    assert.match((await failure())[1], /has no end/);
  });

  it('fails when what answers speaks no HTTP', async () => {
    await instead((socket) => socket.end('SSH-2.0\r\n'));
    assert.equal((await failure())[0], 'VISIT_FAILED');
  });

  it('a page that says it is not ready is another page', async () => {
    house.ready = false;
    const found = await failure();
    assert.deepEqual(found, ['VISIT_PAGE', 'the answer has status 503']);
  });

  it('another relay with the same onion address is found out', async () => {
    const twin = await openHouse();
    try {
      tor.routes.set(HOST, twin.socket);
      const found = await failure();
      assert.deepEqual(found, ['VISIT_PAGE', 'another relay or program answers there']);
      assert.equal(twin.site.ownVisit.others, 1);
    } finally {
      await twin.close();
    }
  });

  it('who does not know the secret is a visitor like any other', async () => {
    for (const guess of ['', 'own', 'x'.repeat(43)]) {
      const visitor = house.visitor();
      const answer = await visitor.ask({ path: '/invite/', headers: { 'snug-visit': guess } });
      assert.equal(answer.headers['snug-visit'], undefined);
      assert.notEqual(answer.headers['set-cookie'], undefined);
    }
    assert.equal(house.site.ownVisit.others, 3);
  });

  it('an end that is asked for is no failure of the visit', async () => {
    await instead(() => undefined);
    const ending = new AbortController();
    const visit = visitSelf(plan, ending.signal);
    ending.abort(new Error('enough'));
    await assert.rejects(visit, /enough/);
  });

  it('the site opens its socket again, and keeps who is in', async () => {
    await rm(house.socket);
    assert.equal(await house.site.answers(), false);
    assert.equal((await failure())[0], 'VISIT_FAILED');
    await house.site.reopen();
    assert.equal(await house.site.answers(), true);
    await visitSelf(plan, signal);
  });
});
