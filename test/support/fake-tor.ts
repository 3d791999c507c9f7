import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { honestAnswer } from './hostile-control.js';

/**
 * A program that is started in the place of Tor: `node fake-tor.js MODE -f torrc …`. It reads the
 * torrc, writes a hostname and a cookie, and serves the control socket as its mode says. What a
 * mode does once the network is on stands in EVENTS; `hangs` says nothing more from then on.
 */
const HOST = '5j7x27weg7v7cidchx5bkd5lnbx6facvydny74tftnf26ibbl63qxgad';
const [mode = '', ...words] = process.argv.slice(2);

/** @returns lines of events, as seen from tor 0.4.9.11 */
function descriptorEvent(step: string, directory: string, id = ''): string {
  const name = `$${directory.repeat(40)}~d${directory}`;
  const rest = id === '' ? '' : ` ${id} HSDIR_INDEX=${'0'.repeat(64)}`;
  return `650 HS_DESC ${step} ${HOST} UNKNOWN ${name}${rest}\r\n`;
}

const DONE = '650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"\r\n';
const SLOW_CLOCK =
  '650 STATUS_GENERAL WARN CLOCK_SKEW SKEW=-259200 SOURCE=CONSENSUS\r\n' +
  '650 STATUS_CLIENT WARN BOOTSTRAP PROGRESS=40 TAG=loading_keys SUMMARY="Loading" ' +
  'WARNING="Clock skew" REASON=CLOCK_SKEW COUNT=4 RECOMMENDATION=warn\r\n';
const UPLOADS = [
  descriptorEvent('UPLOAD', 'A', 'Zmlyc3Q'),
  descriptorEvent('UPLOAD', 'B', 'c2Vjb25k'),
  descriptorEvent('UPLOADED', 'A'),
  descriptorEvent('UPLOADED', 'B'),
].join('');
const EVENTS = new Map([
  ['publishes', DONE + UPLOADS],
  ['hangs', DONE + UPLOADS],
  ['outdated', DONE + UPLOADS],
  ['slow-clock', SLOW_CLOCK.repeat(3)],
  [
    'no-network',
    '650 STATUS_CLIENT WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting" ' +
      'WARNING="No route to host" REASON=NOROUTE COUNT=11 RECOMMENDATION=warn\r\n',
  ],
]);

function fromTorrc(torrc: string, form: RegExp): string {
  const value = form.exec(torrc)?.[1];
  if (value === undefined) throw new Error(`the torrc has no ${form}`);
  return value;
}

function answerOf(line: string, cookie: Buffer): string {
  const asked = line === 'GETINFO status/version/current' && mode === 'outdated';
  return asked ? `250-status/version/current=obsolete\r\n250 OK\r\n` : honestAnswer(line, cookie);
}

function serve(socket: Socket, cookie: Buffer): void {
  let text = '';
  let hangs = false;
  socket.on('error', () => {});
  // Tor ends with the connection of its owner.
  socket.on('close', () => process.exit(0));
  socket.on('data', (chunk) => {
    const lines = (text + chunk.toString('utf8')).split('\r\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (mode === 'deaf' || hangs) return;
      if (mode === 'garbage') socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      else socket.write(answerOf(line, cookie));
      if (line.startsWith('SETCONF DisableNetwork="0"')) {
        socket.write(EVENTS.get(mode) ?? '');
        hangs = mode === 'hangs';
      }
    }
  });
}

function run(): void {
  if (mode === 'quits') {
    process.stdout.write('Nov 20 18:00:00.000 [warn] Unknown option "Foo". Failing.\n');
    process.exitCode = 1;
    return;
  }
  const torrc = readFileSync(words[1] ?? '', 'utf8');
  const onion = fromTorrc(torrc, /^HiddenServiceDir "(.*)"$/m);
  const cookie = randomBytes(32);
  mkdirSync(onion, { recursive: true, mode: 0o700 });
  writeFileSync(join(onion, 'hostname'), `${HOST}.onion\n`);
  writeFileSync(fromTorrc(torrc, /^CookieAuthFile "(.*)"$/m), cookie);
  const server = createServer((socket) => serve(socket, cookie));
  server.listen(fromTorrc(torrc, /^ControlPort unix:"(.*)"$/m));
  if (mode === 'stubborn') process.on('SIGTERM', () => {});
}

run();
