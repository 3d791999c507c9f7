// `node dial.mjs SOCKSPORT HOST PORT`: ssh's ProxyCommand, where there is no nc.
import { SocksClient } from 'socks';

const [socksPort, host, port] = process.argv.slice(2);
const { socket } = await SocksClient.createConnection({
  command: 'connect',
  destination: { host, port: Number(port) },
  proxy: { host: '127.0.0.1', port: Number(socksPort), type: 5 },
  timeout: 120_000,
});
socket.pipe(process.stdout);
process.stdin.pipe(socket);
socket.on('close', () => process.exit(0)).on('error', () => process.exit(1));
