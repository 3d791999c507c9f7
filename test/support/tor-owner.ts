import { join } from 'node:path';
import { createLog } from '../../src/support/log.js';
import { Tor } from '../../src/tor/tor.js';

/** Starts a real Tor in the folder named by its argument, prints its process id, and stays. */
const folder = process.argv[2] ?? '';
const tor = new Tor({
  binary: undefined,
  include: undefined,
  folder: join(folder, 'tor'),
  run: join(folder, 'run'),
  services: [{ virtualPort: 80, socket: join(folder, 'web') }],
  streamsPerCircuit: 20,
  log: createLog({ write: () => {}, journal: false, verbose: false }),
  now: Date.now,
});
await tor.start(new AbortController().signal);
console.log(tor.status().pid);
