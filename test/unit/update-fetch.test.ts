import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer as createNetServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { codeOf } from '../../src/support/errors.js';
import { fetchBundle, parseUrl } from '../../src/update/fetch.js';

const ONION = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion';
const folder = mkdtempSync(join(tmpdir(), 'snug-fetch-'));
const socks = join(folder, 'socks');
const asked: string[] = [];
let answer: RequestListener = (_request, response) => response.end();
let plain: Server;
let secure: Server;
let proxy: NetServer;
let ca = '';
/** Why https cannot be tested here, if so. */
let noTls = '';

/** Tor's SOCKS socket, played: notes where one wants to go, and goes to a server of ours. */
function fakeTor(): NetServer {
  return createNetServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(Buffer.from([5, 2]));
      socket.once('data', () => {
        socket.write(Buffer.from([1, 0]));
        socket.once('data', (request: Buffer) => {
          const length = request[4] ?? 0;
          const port = request.readUInt16BE(5 + length);
          asked.push(`${request.subarray(5, 5 + length)}:${port}`);
          const address = (port === 443 ? secure : plain).address();
          assert.ok(address !== null && typeof address === 'object');
          const server = connect(address.port, '127.0.0.1', () => {
            socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
            socket.pipe(server).pipe(socket);
          });
          server.on('error', () => socket.destroy());
          socket.on('close', () => server.destroy());
        });
      });
    });
  });
}

/** A certificate of our own, and its key. */
function makeCertificate(): { key: Buffer; cert: Buffer } | undefined {
  const [keyout, out] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-subj', '/CN=updates.example', '-addext', 'subjectAltName=DNS:updates.example'];
  const files = ['-nodes', '-keyout', keyout, '-out', out, '-days', '2'];
  try {
    execFileSync('openssl', [...words, ...subject, ...files], { stdio: 'ignore' });
    return { key: readFileSync(keyout), cert: readFileSync(out) };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    noTls = 'the Debian package openssl is not installed';
    return undefined;
  }
}

before(async () => {
  const certificate = makeCertificate();
  ca = certificate?.cert.toString() ?? '';
  const listener: RequestListener = (request, response) => answer(request, response);
  plain = createServer(listener).listen(0, '127.0.0.1');
  secure = createTlsServer(certificate ?? {}, listener).listen(0, '127.0.0.1');
  proxy = fakeTor().listen(socks);
  await Promise.all([plain, secure, proxy].map((server) => once(server, 'listening')));
});
after(() => {
  for (const server of [plain, secure]) server.closeAllConnections();
  for (const server of [plain, secure, proxy]) server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked.length = 0;
});

const aborts: AbortController[] = [];
afterEach(() => {
  for (const abort of aborts.splice(0)) abort.abort();
});

async function get(url: string): Promise<string> {
  const abort = new AbortController();
  aborts.push(abort);
  const sink = new PassThrough();
  const chunks: Buffer[] = [];
  sink.on('data', (chunk: Buffer) => chunks.push(chunk));
  await fetchBundle(parseUrl(url), { socks, sink, signal: abort.signal, ca });
  return Buffer.concat(chunks).toString();
}

test('a bundle comes from an onion, by a name that only Tor looks up', async () => {
  answer = (request, response) => response.end(`${request.headers.host} ${request.url}`);
  assert.equal(await get(`http://${ONION}/a/b.bundle?c=d`), `${ONION} /a/b.bundle?c=d`);
  assert.deepEqual(asked, [`${ONION}:80`]);
});

test('a bundle comes by https, and the request says nothing of us', async (t) => {
  if (noTls !== '') return t.skip(noTls);
  answer = (request, response) => response.end(Object.keys(request.headers).sort().join(' '));
  assert.equal(await get('https://updates.example/x'), 'accept connection host');
  assert.deepEqual(asked, ['updates.example:443']);
});

test('a server with another name is not believed', async (t) => {
  if (noTls !== '') return t.skip(noTls);
  await assert.rejects(
    get('https://other.example/x'),
    (error) => codeOf(error) === 'DOWNLOAD_FAILED',
  );
});

test('a redirect is followed to another place that is allowed, five times at most', async (t) => {
  if (noTls !== '') return t.skip(noTls);
  answer = (request, response) => {
    if (request.url === '/end') return response.end('here');
    const location = request.url === '/on' ? `http://${ONION}/end` : 'loop';
    return response.writeHead(302, { location }).end();
  };
  assert.equal(await get('https://updates.example/on'), 'here');
  assert.deepEqual(asked, ['updates.example:443', `${ONION}:80`]);
  asked.length = 0;
  await assert.rejects(get('https://updates.example/loop'), /on and on/);
  assert.equal(asked.length, 6);
});

test('a redirect to where nothing protects the way is not followed', async (t) => {
  if (noTls !== '') return t.skip(noTls);
  for (const location of ['http://updates.example/x', 'https://127.0.0.1/', 'file:///etc/passwd']) {
    answer = (_request, response) => response.writeHead(302, { location }).end();
    await assert.rejects(get('https://updates.example/x'), (error) => codeOf(error) === 'BAD_URL');
  }
  assert.deepEqual(new Set(asked), new Set(['updates.example:443']));
});

test('an answer that breaks off, is an error page or is too large is a failure', async () => {
  const answers: RequestListener[] = [
    (_request, response) => response.writeHead(404).end('no'),
    (_request, response) => response.writeHead(200, { 'content-length': 2 ** 40 }).end(),
    (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    },
  ];
  for (answer of answers) {
    await assert.rejects(get(`http://${ONION}/`), (error) => codeOf(error) === 'DOWNLOAD_FAILED');
  }
});

test('an answer that never ends is cut off at the largest bundle', async () => {
  answer = (_request, response) => {
    const chunk = Buffer.alloc(1024 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  };
  const abort = new AbortController();
  aborts.push(abort);
  const sink = new PassThrough().resume();
  const options = { socks, sink, signal: abort.signal, ca };
  await assert.rejects(
    fetchBundle(parseUrl(`http://${ONION}/`), options),
    /larger than any bundle/,
  );
});

test('only https and onions', () => {
  const good = ['https://updates.example/x', `http://${ONION}/x`, `https://sub.${ONION}:8443/`];
  for (const url of good) assert.equal(parseUrl(url).href, new URL(url).href);
  const bad = [
    'http://updates.example/x',
    'ftp://updates.example/x',
    'https://localhost/x',
    'https://192.168.1.1/x',
    'https://[::1]/x',
    'https://user:word@updates.example/x',
    `http://${ONION.replace('2', '3')}/x`,
    'http://short.onion/',
    'x',
  ];
  for (const url of bad) assert.throws(() => parseUrl(url), /https:\/\/… or http:\/\/….onion/, url);
});
