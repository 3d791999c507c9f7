// A SOCKS 5 proxy (RFC 1928) that leads to this machine and nowhere else. The Tor in the emulator
// dials through it, so that 127.0.0.1 is the 127.0.0.1 of the private Tor network.
import { connect, createServer } from 'node:net';

const GREETING = Buffer.from([5, 0]);
const GRANTED = Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]);
const REFUSED = Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);

/** @returns {Promise<Buffer>} the next bytes that a client sends */
function next(socket) {
  return new Promise((resolve, reject) => {
    socket.once('data', resolve).once('close', () => reject(new Error('closed')));
  });
}

async function serve(socket, dialled) {
  await next(socket);
  socket.write(GREETING);
  const wish = await next(socket);
  // Version 5, CONNECT, IPv4: what Tor's Socks5Proxy sends for a relay's address.
  const host = wish[3] === 1 ? wish.subarray(4, 8).join('.') : 'no IPv4 address';
  const port = wish.readUInt16BE(8);
  dialled.add(`${host}:${port}`);
  if (wish[1] !== 1 || host !== '127.0.0.1') {
    socket.end(REFUSED);
    return;
  }
  const target = connect(port, host);
  target.once('connect', () => {
    socket.write(GRANTED);
    socket.pipe(target).pipe(socket);
  });
  target.on('error', () => socket.destroy()).on('close', () => socket.destroy());
  socket.on('close', () => target.destroy());
}

/** @returns {Promise<{ port: number, dialled: Set<string>, stop: () => void }>} */
export function startProxy() {
  const dialled = new Set();
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    serve(socket, dialled).catch(() => socket.destroy());
  });
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, dialled, stop }));
  });
}
