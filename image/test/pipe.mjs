// `node pipe.mjs PORT`: joins standard input and output to a port of this machine. The emulator runs
// one for each connection of the guest to the proxy, the only place that the guest can reach.
import { connect } from 'node:net';

const socket = connect(Number(process.argv[2]), '127.0.0.1');
process.stdin.pipe(socket);
socket.pipe(process.stdout);
const end = () => process.exit();
socket.on('close', end).on('error', end);
