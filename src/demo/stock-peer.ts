import type { Socket } from 'node:net';
import pull from 'pull-stream';
import { SocksClient } from 'socks';
import ssbEbt from 'ssb-ebt';
import ssbFriends from 'ssb-friends';
import ssbInvite from 'ssb-invite';
import ssbKeys from 'ssb-keys';
import ssbReplicate from 'ssb-replicate';
import ssbServer, {
  type Callback,
  type Duplex,
  type Keys,
  type Message,
  type Peer,
  type Plugin,
  type SsbServer,
} from 'ssb-server';
import toPull from 'stream-to-pull-stream';

/** How a peer reaches an onion: through Tor, or in a test straight to a unix socket. */
export type Dial = (host: string, port: number) => Promise<Socket>;

/**
 * Dials through a SOCKS port on this machine, as a member's client does.
 *
 * @param options.isolate each connection gets a circuit of its own (SOCKS credentials)
 * @param options.timeout in milliseconds; Tor itself gives up after two minutes
 */
export function throughSocks(
  socks: { host: string; port: number },
  options: { isolate?: boolean; timeout?: number } = {},
): Dial {
  let dials = 0;
  return async (host, port) => {
    dials += 1;
    const credentials = options.isolate ? { userId: `circuit${dials}`, password: 'x' } : {};
    const { socket } = await SocksClient.createConnection({
      command: 'connect',
      destination: { host, port },
      proxy: { host: socks.host, port: socks.port, type: 5, ...credentials },
      timeout: options.timeout ?? 120_000,
    });
    return socket;
  };
}

function onionTransport(dial: Dial): Plugin {
  return {
    name: 'onion-dial',
    init(server) {
      server.multiserver.transport({
        name: 'onion',
        create: () => ({
          name: 'onion',
          scope: () => 'public',
          server: () => () => undefined,
          client(to: { host: string; port: number }, cb: Callback<Duplex>) {
            dial(to.host, to.port).then((socket) => {
              socket.on('error', () => socket.destroy());
              cb(null, toPull.duplex(socket));
            }, cb);
            return () => undefined;
          },
          parse(text) {
            const [, host, port] = /^onion:([^:]+):(\d+)$/.exec(text) ?? [];
            return host === undefined ? null : { name: 'onion', host, port: Number(port) };
          },
          stringify: () => null,
        }),
      });
    },
  };
}

/** Dials, and remembers what is open: a stock peer forgets a connection whose handshake never ends. */
class Lines {
  readonly #open = new Set<Socket>();
  readonly #dial: Dial;
  #over = false;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  readonly dial: Dial = async (host, port) => {
    const socket = await this.#dial(host, port);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    if (this.#over) socket.destroy();
    return socket;
  };

  cut(): void {
    this.#over = true;
    for (const socket of this.#open) socket.destroy();
  }
}

/** A stock ssb-server with its own plugins, whose onions are dialled as told. */
export interface StockPeer {
  readonly id: string;
  readonly folder: string;
  readonly server: SsbServer;
  /** Redeems `host:port:@key.ed25519~seed` as ssb-client does, and hangs up. */
  redeem(code: string, feed?: unknown): Promise<unknown>;
  /** Connects as itself. */
  connect(code: string): Promise<Peer>;
  publish(content: object): Promise<Message>;
  /** Asks a peer for a feed; the ids of what it sends. */
  history(peer: Peer, feed: string): Promise<string[]>;
  /** Asks a peer for a feed; whom its follow messages name, in order. */
  contacts(peer: Peer, feed: string): Promise<string[]>;
  close(): Promise<void>;
}

/** What an invite code says. */
export function readCode(code: string): { host: string; port: number; key: string; seed: string } {
  const [, host = '', port = '', key = '', seed = ''] =
    /^([^:]+):(\d+):@([^~]+)\.ed25519~(.+)$/.exec(code) ?? [];
  return { host, port: Number(port), key, seed };
}

/** @returns multiserver's address of the relay, with the code's seed where asked for */
function addressOf(code: string, withSeed: boolean): string {
  const { host, port, key, seed } = readCode(code);
  return `onion:${host}:${port}~shs:${key}${withSeed ? `:${seed}` : ''}`;
}

/** muxrpc hands over what the other side sent, which is no Error. */
export function asError(sent: { message: string } | null): Error {
  return sent instanceof Error ? sent : new Error(sent?.message);
}

function dialPeer(server: SsbServer, address: string): Promise<Peer> {
  return new Promise((resolve, reject) =>
    // The errors of the handshake inherit from others and say nothing when they are printed.
    server.connect(address, (error, peer) =>
      peer ? resolve(peer) : reject(new Error(error?.message)),
    ),
  );
}

function collectHistory(peer: Peer, feed: string): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    const collect = pull.collect<Message>((error, messages) =>
      error ? reject(asError(error)) : resolve(messages ?? []),
    );
    pull(peer.createHistoryStream({ id: feed, seq: 1, keys: true, live: false }), collect);
  });
}

/** Options of {@link startPeer}. */
export interface PeerOptions {
  readonly keys?: Keys;
  /** Whether it speaks EBT; it does by default. */
  readonly ebt?: boolean;
  /** More plugins, such as ssb-blobs. */
  readonly plugins?: readonly Plugin[];
}

/**
 * @param folder of the peer's database
 * @param dial how it reaches onions
 */
export function startPeer(folder: string, dial: Dial, options: PeerOptions = {}): StockPeer {
  const keys = options.keys ?? ssbKeys.generate('ed25519');
  const lines = new Lines(dial);
  const stack = ssbServer.createSsbServer().use(ssbReplicate);
  if (options.ebt !== false) stack.use(ssbEbt);
  for (const plugin of options.plugins ?? []) stack.use(plugin);
  stack.use(ssbFriends).use(ssbInvite).use(onionTransport(lines.dial));
  stack.use({ manifest: { follow: 'async', getAddress: 'async' }, init: () => ({}) });
  const server = stack({
    path: folder,
    keys,
    connections: { incoming: {}, outgoing: { onion: [{ transform: 'shs' }] } },
    timers: { handshake: 60_000, inactivity: 600_000 },
    friends: { hops: 2 },
  });
  return {
    id: server.id,
    folder,
    server,
    async redeem(code, feed = server.id) {
      const rpc = await dialPeer(server, addressOf(code, true));
      try {
        return await new Promise((resolve, reject) =>
          rpc.invite.use({ feed: feed as string }, (error, value) =>
            error ? reject(asError(error)) : resolve(value),
          ),
        );
      } finally {
        rpc.close(true);
      }
    },
    connect: (code) => dialPeer(server, addressOf(code, false)),
    publish: (content) =>
      new Promise((resolve, reject) =>
        server.publish(content, (error, message) => (message ? resolve(message) : reject(error))),
      ),
    history: async (peer, feed) => (await collectHistory(peer, feed)).map(({ key }) => key),
    contacts: async (peer, feed) =>
      (await collectHistory(peer, feed)).flatMap(({ value }) => {
        const { contact } = value.content as { contact?: string };
        return contact === undefined ? [] : [contact];
      }),
    close: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      lines.cut();
    },
  };
}
