import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SocksClient } from 'socks';
import { startPrivateClient } from '../../src/demo/private-client.js';
import { startPrivateNetwork } from '../../src/demo/private-network.js';
import { findTorPrograms } from '../../src/demo/programs.js';
import { TorNode } from '../../src/demo/tor-node.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { torsBelow } from '../support/tor-processes.js';
import { eventually } from '../support/wait.js';

const CHILD = fileURLToPath(new URL('../support/private-client-child.js', import.meta.url));

/** Answers each line with itself and its own name. */
function echo(name: string): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => socket.end(`${name} heard ${data}`));
  });
}

describe('the private Tor network', () => {
  let network: TestNetwork;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snug-pn-'));
    network = await testNetwork();
  });

  after(async () => {
    await network?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** @returns what the server at the far end answers to "hello" */
  async function ask(socks: { host: string; port: number }, host: string, port: number) {
    const { socket } = await SocksClient.createConnection({
      proxy: { ...socks, type: 5 },
      command: 'connect',
      destination: { host, port },
      timeout: 60_000,
    });
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    const ended = once(socket, 'end');
    socket.write('hello');
    await ended;
    socket.destroy();
    return answer;
  }

  it('carries both ports of one onion service to their unix sockets', async () => {
    const own = join(folder, 'onion');
    await mkdir(own, { mode: 0o700 });
    const ports = [80, 8008];
    const servers = ports.map((port) => echo(`port ${port}`));
    servers.forEach((server, i) => {
      server.listen(join(own, `${ports[i]}.sock`));
    });
    const lines = [
      `%include "${network.include}"`,
      `DataDirectory ${own}/data`,
      'Log notice stdout',
      'SocksPort 0',
      `__OwningControllerProcess ${process.pid}`,
      `HiddenServiceDir ${own}/service`,
      ...ports.map((port) => `HiddenServicePort ${port} unix:${own}/${port}.sock`),
    ];
    await writeFile(join(own, 'torrc'), lines.join('\n'));
    const { tor } = await findTorPrograms();
    const node = new TorNode({ name: 'onion', tor, torrc: join(own, 'torrc') });
    try {
      await node.bootstrapped;
      const host = (await readFile(join(own, 'service', 'hostname'), 'utf8')).trim();
      for (const port of ports) {
        const answer = await eventually(`port ${port} of the onion service`, () =>
          ask(network.client.socks, host, port).catch(() => undefined),
        );
        assert.equal(answer, `port ${port} heard hello`);
      }
    } finally {
      await node.stop();
      for (const server of servers) server.close();
    }
  });

  it('lets a client reach a port of this machine, and nothing outside', async () => {
    const server = echo('local').listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      const answer = await eventually('an exit', () =>
        ask(network.client.socks, '127.0.0.1', address.port).catch(() => undefined),
      );
      assert.equal(answer, 'local heard hello');
      // 192.0.2.1 is reserved for documentation (RFC 5737): the exit must refuse, not try.
      await assert.rejects(ask(network.client.socks, '192.0.2.1', 80), /rejected|refused|timed/i);
    } finally {
      server.close();
    }
  });

  for (const ending of ['kill -9', 'exit']) {
    it(`takes a client along when its owner ends by ${ending}`, async () => {
      const own = join(folder, ending.replace(' ', ''));
      const child = spawn(process.execPath, [CHILD, network.include, own, ending], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = once(child, 'exit');
      await once(child.stdout, 'data');
      if (ending === 'kill -9') {
        assert.equal((await torsBelow(own)).length, 1);
        child.kill('SIGKILL');
      }
      await gone;
      await eventually('the end of its Tor', async () =>
        (await torsBelow(own)).length === 0 ? true : undefined,
      );
    });
  }

  it('stops a client for good, and once is enough', async () => {
    const own = join(folder, 'stopped');
    const client = await startPrivateClient({
      name: 'stopped',
      include: network.include,
      folder: own,
      signals: [],
    });
    assert.equal((await torsBelow(own)).length, 1);
    await client.stop();
    assert.deepEqual(await torsBelow(own), []);
    await client.stop();
  });

  it('leaves nothing when its start is given up in the middle', async () => {
    const own = join(folder, 'given-up');
    const ending = new AbortController();
    const reason = new Error('given up');
    let launched = 0;
    const start = startPrivateNetwork({
      folder: own,
      signal: ending.signal,
      onProgress: (text) => {
        if (!text.startsWith('Waiting')) return;
        void torsBelow(own).then((ids) => {
          launched = ids.length;
          ending.abort(reason);
        });
      },
    });
    await assert.rejects(start, reason);
    assert.equal(launched, 5);
    assert.deepEqual(await torsBelow(own), []);
  });
});
