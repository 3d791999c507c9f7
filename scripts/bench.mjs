// `npm run bench`: how fast and how large the relay is, beside what it is built from.
// `-- --quick` for a few minutes with smaller numbers, `-- --json` for machines.
import { become } from './become.mjs';

await become('bench/main.js', process.argv.slice(2), ['tor']);
