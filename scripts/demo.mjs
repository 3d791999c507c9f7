// `npm run demo`: a private Tor network and a relay on it, in a temporary folder.
import { become } from './become.mjs';

/** The demo is nobody's service: it must not outlive the npm or the terminal that it came from. */
const PARENT_LOOK_MS = 1000;
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, PARENT_LOOK_MS).unref();

const args = process.argv.slice(2);
await become('demo/main.js', args, args.includes('--clearnet') ? ['tor', 'proxy'] : ['tor']);
