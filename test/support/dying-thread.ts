// A relay's thread that opens and then dies of a fault, hangs or just ends, as its listen path says.
import { parentPort } from 'node:worker_threads';
import { Bridge } from '../../src/ssb/bridge.js';
import type { RelayPlan } from '../../src/ssb/relay-calls.js';

if (parentPort === null) throw new Error('this file is the main file of a worker thread');
let how = '';
new Bridge(parentPort, {
  open: (plan: RelayPlan) => {
    how = plan.listen;
    return { id: 'nobody', address: '', status: {} };
  },
  follow: () => {
    if (how === 'end') process.exit(0);
    while (how === 'hang');
    setImmediate(() => {
      throw new Error('a fault nobody foresaw');
    });
    return new Promise(() => undefined);
  },
});
