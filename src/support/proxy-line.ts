import type { Server, Socket } from 'node:net';

/** What Tor tells about a connection to an onion service (HiddenServiceExportCircuitID haproxy). */
export interface CircuitInfo {
  /** Tor's id of the rendezvous circuit: one visitor's connections share it. */
  readonly circuit: number;
  /** The virtual port that the visitor asked for. */
  readonly port: number;
}

/** PROXY protocol, version 1: a line has at most 107 bytes, its end included. */
const LONGEST_LINE = 107;
/** Tor sends the line at once; only something else on this socket would be silent. */
const LINE_DEADLINE_MS = 10_000;

/**
 * @param line without its end, such as `PROXY TCP6 fc00:dead:beef:4dad::0:2c ::1 44 80`; the last
 *   32 bits of the source address are the circuit id (Tor manual, HiddenServiceExportCircuitID)
 * @returns what it says, or undefined when it is not of Tor's form
 */
export function parseProxyLine(line: string): CircuitInfo | undefined {
  const form =
    /^PROXY TCP6 fc00:dead:beef:4dad::([0-9a-f]{1,4}):([0-9a-f]{1,4}) ::1 (\d{1,10}) (\d{1,5})$/i;
  const match = form.exec(line);
  if (match === null) return undefined;
  const [, high = '', low = '', , port = ''] = match;
  const circuit = Number.parseInt(high, 16) * 0x10000 + Number.parseInt(low, 16);
  return Number(port) > 65535 ? undefined : { circuit, port: Number(port) };
}

/**
 * Takes the PROXY line off the front of a fresh connection; what follows stays readable.
 * A connection without a sound line in time is destroyed and `accept` is not called.
 *
 * @param socket just accepted, not yet read from
 * @param accept gets the paused socket, the line stripped, and what the line said
 */
function readProxyLine(socket: Socket, accept: (socket: Socket, from: CircuitInfo) => void): void {
  let head = Buffer.alloc(0);
  const deadline = setTimeout(() => socket.destroy(), LINE_DEADLINE_MS);
  const done = () => {
    clearTimeout(deadline);
    socket.off('data', onData).off('error', onError).off('close', done);
  };
  const onError = () => socket.destroy();
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n');
    if (end < 0 && head.length < LONGEST_LINE) return;
    const from = end < 0 ? undefined : parseProxyLine(head.toString('latin1', 0, end));
    done();
    if (from === undefined) {
      socket.destroy();
      return;
    }
    socket.pause();
    const rest = head.subarray(end + 2);
    if (rest.length > 0) socket.unshift(rest);
    accept(socket, from);
  };
  socket.on('data', onData).on('error', onError).on('close', done);
}

/**
 * @param server listens on the unix socket of one virtual port
 * @param accept as in {@link readProxyLine}, for each connection
 */
export function acceptCircuits(
  server: Server,
  accept: (socket: Socket, from: CircuitInfo) => void,
): void {
  server.on('connection', (socket) => readProxyLine(socket, accept));
}
