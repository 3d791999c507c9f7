import { startPrivateClient } from '../../src/demo/private-client.js';

/** Runs as a process of its own: starts a client, says so, and stays until it is killed. */
const [include = '', folder = '', ending = ''] = process.argv.slice(2);
await startPrivateClient({ name: 'child', include, folder, signals: [] });
process.stdout.write('ready\n');
if (ending === 'exit') process.exit(0);
