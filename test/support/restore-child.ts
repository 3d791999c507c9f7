/** `snug restore` in a process of its own, to be killed: configuration, archive and passphrase. */
import { restore } from '../../src/backups.js';
import { loadConfig } from '../../src/config/load-config.js';

const [file = '', archive = '', passphrase = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const wish = { key: { passphrase }, publishAnyway: false, signal };
await restore(loadConfig({ file, env: {} }), archive, wish);
