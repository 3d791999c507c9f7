import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { asFeedId, parseFeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { asOnionHost, parseOnionHost } from '../../src/support/onion-host.js';
import { acceptCircuits, type CircuitInfo, parseProxyLine } from '../../src/support/proxy-line.js';

describe('onion hosts', () => {
  // The address of the Tor Project's own site, a public one with a sound checksum.
  const HOST = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion';

  it('a sound one is taken in any case and made small', () => {
    assert.equal(parseOnionHost(HOST.toUpperCase()), HOST);
  });

  it('one wrong letter anywhere is noticed', () => {
    for (let i = 0; i < 56; i += 1) {
      const other = HOST[i] === 'a' ? 'b' : 'a';
      assert.equal(asOnionHost(HOST.slice(0, i) + other + HOST.slice(i + 1)), undefined, `at ${i}`);
    }
  });

  for (const text of ['', 'x.onion', HOST.slice(1), `www.${HOST}`, `${HOST}.`, HOST.slice(0, 56)]) {
    it(`"${text}" is none`, () => {
      assert.throws(() => parseOnionHost(text), { code: 'BAD_ONION_HOST' });
    });
  }
});

describe('feed ids', () => {
  const FEED = `@${Buffer.alloc(32, 1).toString('base64')}.ed25519`;

  it('a sound one is taken', () => assert.equal(parseFeedId(FEED), FEED));

  // Base64 has spare bits in its last letter: only one spelling of the same bytes may count.
  const respelled = FEED.replace('E=.', 'F=.');
  for (const value of [respelled, `${FEED} `, FEED.slice(1), '@.ed25519', null, 7, [FEED], {}]) {
    it(`${JSON.stringify(value)} is none`, () => {
      assert.notEqual(value, FEED);
      assert.equal(asFeedId(value), undefined);
      assert.throws(() => parseFeedId(value), { code: 'BAD_FEED_ID' });
    });
  }
});

describe('the log', () => {
  it('writes one line a call, whatever a peer has put into it', () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    const log = createLog({ write, journal: true, verbose: false }).room('ssb');
    log.warning('a\nb\r\u001b[31mc');
    log.info('x'.repeat(100_000));
    log.debug('not shown');
    assert.equal(lines[0], '<4>ssb: a b [31mc');
    assert.equal(lines.length, 2);
    assert.ok((lines[1] ?? '').length < 3000);
  });
});

describe("Tor's PROXY line", () => {
  it('names the circuit and the port', () => {
    const line = 'PROXY TCP6 fc00:dead:beef:4dad::1:2c ::1 44 80';
    assert.deepEqual(parseProxyLine(line), { circuit: 0x1002c, port: 80 });
  });

  for (const line of [
    '',
    'PROXY UNKNOWN',
    'PROXY TCP6 fc00:dead:beef:4dad::0:2c ::1 44',
    'PROXY TCP6 fc00:dead:beef:4dad::0:2c ::1 44 99999',
    'PROXY TCP6 2001:db8::1 ::1 44 80',
    'PROXY TCP4 127.0.0.1 127.0.0.1 44 80',
    ' PROXY TCP6 fc00:dead:beef:4dad::0:2c ::1 44 80',
  ]) {
    it(`"${line}" is not of its form`, () => assert.equal(parseProxyLine(line), undefined));
  }

  describe('in front of a connection', () => {
    const LINE = 'PROXY TCP6 fc00:dead:beef:4dad::0:7 ::1 44 80\r\n';
    let folder: string;
    let server: Server;
    let accepted: [Socket, CircuitInfo][];

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'snug-proxy-'));
      accepted = [];
      server = createServer();
      acceptCircuits(server, (socket, from) => {
        accepted.push([socket, from]);
        server.emit('accepted');
      });
      server.listen(join(folder, 's'));
      await once(server, 'listening');
    });
    afterEach(() => {
      for (const [socket] of accepted) socket.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const readFive = async (socket: Socket) => {
      let text = '';
      socket.resume();
      for await (const chunk of socket) {
        text += chunk;
        if (text.length >= 5) return text;
      }
      return text;
    };

    it('is taken off wherever the bytes are cut, and nothing else is', async () => {
      for (let cut = 1; cut < LINE.length + 5; cut += 1) {
        const client = connect(join(folder, 's'));
        await once(client, 'connect');
        const bytes = `${LINE}hello`;
        const taken = once(server, 'accepted');
        client.write(bytes.slice(0, cut), () => client.write(bytes.slice(cut)));
        await taken;
        const [socket, from] = accepted.at(-1) ?? assert.fail('nothing was accepted');
        assert.equal(from.circuit, 7);
        assert.equal(await readFive(socket), 'hello');
        client.destroy();
      }
    });

    for (const [what, bytes] of [
      ['something else', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a line without end', 'PROXY '.repeat(1000)],
      ['nothing, and hangs up', ''],
    ] as const) {
      it(`whoever sends ${what} is hung up on`, async () => {
        const client = connect(join(folder, 's'));
        client.on('error', () => undefined).resume();
        const closed = new Promise((resolve) => client.once('close', resolve));
        if (bytes === '') client.end();
        else client.write(bytes);
        await closed;
        assert.equal(accepted.length, 0);
      });
    }
  });
});
