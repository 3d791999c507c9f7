// `npm start` and `npm run snug -- …`: the `snug` command from a checkout.
import { become } from './become.mjs';

const args = process.argv.slice(2);
await become('main.js', args, args.includes('start') ? ['tor'] : []);
