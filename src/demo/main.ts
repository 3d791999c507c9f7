import { parseArgs } from 'node:util';
import { hintOf, messageOf } from '../support/errors.js';
import { runDemo } from './demo.js';
import { inWords } from './words.js';

const say = (text: string) => process.stderr.write(`${text}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({ options: { json: flag, friends: flag, clearnet: flag } });
// The SSB packages print what their connections do; here people read.
Object.assign(console, { log: () => undefined, error: () => undefined, warn: () => undefined });

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => ending.abort());
}

process.umask(0o077);
const began = performance.now();
try {
  await runDemo({
    signal: ending.signal,
    onProgress: (text) =>
      say(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`),
    onReady: (report) => {
      if (values.json) print(JSON.stringify(report));
      else inWords(report).forEach(print);
    },
    clearnet: values.clearnet,
    ...(values.friends ? { onFriends: say } : {}),
  });
} catch (error) {
  say(`demo: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint !== undefined) say(`  ${hint}`);
  process.exitCode = 1;
}
