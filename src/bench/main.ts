import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { hintOf, messageOf } from '../support/errors.js';
import { runBench } from './bench.js';
import { FULL, QUICK } from './plan.js';
import { inColumns, meets } from './table.js';

const say = (text: string) => process.stderr.write(`${text}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));
}

process.umask(0o077);
const began = performance.now();
try {
  const rows = await runBench({
    plan: values.quick ? QUICK : FULL,
    signal: ending.signal,
    onProgress: (text) =>
      say(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`),
  });
  print(values.json ? JSON.stringify(rows) : inColumns(rows).join('\n'));
  if (!values.json) print(`One run, Node ${process.version}, ${cpus().length} processors.`);
  if (!rows.every(meets)) process.exitCode = 1;
} catch (error) {
  say(`bench: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint !== undefined) say(`  ${hint}`);
  process.exitCode = 1;
}
