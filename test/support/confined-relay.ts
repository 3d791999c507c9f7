/**
 * A relay in a process of its own, for places where it can do nothing but its work: the
 * configuration as argument. It says in lines of JSON what the kernel answers when it tries to open
 * IP sockets, each riddle's answer, when it is ready, and at the end what its network has carried.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { App } from '../../src/app.js';
import { loadConfig } from '../../src/config/load-config.js';
import { drawRiddle } from '../../src/site/site.js';
import { codeOf } from '../../src/support/errors.js';
import { createLog } from '../../src/support/log.js';

/** Documentation addresses (RFC 5737, RFC 3849): nobody is there, and no route leads there. */
const [SOMEWHERE, SOMEWHERE_6] = ['192.0.2.1', '2001:db8::1'];
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function outcome(emitter: NodeJS.EventEmitter, good: string): Promise<string> {
  try {
    await once(emitter, good);
    return good;
  } catch (error) {
    return codeOf(error) ?? 'failed';
  }
}

async function probe() {
  return {
    connect: await outcome(connect(443, SOMEWHERE), 'connect'),
    connect6: await outcome(connect(443, SOMEWHERE_6), 'connect'),
    listen: await outcome(createServer().listen(0, '127.0.0.1'), 'listening'),
    datagrams: await outcome(createSocket('udp4').bind(0), 'listening'),
  };
}

process.umask(0o077);
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
say({ probe: await probe() });
const app = new App({
  config: loadConfig({ file: process.argv[2], env: { SNUG_TOR_LAUNCH: 'unit' } }),
  log: createLog({ write: (line) => say({ line }), journal: false, verbose: true }),
  draw: () => {
    const riddle = drawRiddle();
    say({ answer: riddle.answer });
    return riddle;
  },
});
try {
  await app.start(ending.signal);
  await app.ready(ending.signal);
  say({ ready: app.status().site });
  if (!ending.signal.aborted) await once(ending.signal, 'abort');
} finally {
  await app.stop();
  // One line an interface: name, bytes and packets received and so on (proc(5), /proc/net/dev).
  say({ network: readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2, -1) });
}
