/** For ssh's ProxyCommand: port of a Tor on this machine, then host and port to reach through it. */
import { throughSocks } from '../../src/demo/stock-peer.js';

const [socksPort, host = '', port] = process.argv.slice(2);
const socket = await throughSocks({ host: '127.0.0.1', port: Number(socksPort) })(
  host,
  Number(port),
);
process.stdin.pipe(socket).pipe(process.stdout);
