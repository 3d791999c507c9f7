/** What Snug uses of ssb-server 16.0.1 and the plugins loaded into it (secret-stack 6.4.2). */
declare module 'ssb-server' {
  import type { Source } from 'pull-stream';

  /** A node-style callback. */
  export type Callback<T> = (error: Error | null, value?: T) => void;

  /** What a peer may call (muxrpc permissions.js); `null` would allow all. */
  export interface Permissions {
    allow: string[];
    deny: string[] | null;
    pre(name: string | string[], args: unknown): Error | undefined;
    test(name: string | string[]): Error | undefined;
    post(): undefined;
  }

  /** hoox: `hook` puts a function around the method; the last one hooked is the outermost. */
  export interface Hookable<Args extends unknown[], Result, This = Peer> {
    (...args: Args): Result;
    hook(wrap: (this: This, fn: (...args: Args) => Result, args: Args) => Result): void;
  }

  /** One connection of a peer (a muxrpc emitter). */
  export interface Peer {
    id: string;
    meta?: unknown;
    closed: boolean;
    once(event: 'closed', listener: () => void): void;
    on(event: string, listener: (value: never) => void): void;
    close(error: Error | true, cb?: () => void): void;
    invite: { use(request: { feed: string }, cb: Callback<unknown>): void };
    follow(feed: string, cb: Callback<unknown>): void;
    getAddress(cb: Callback<string>): void;
    whoami(cb: Callback<unknown>): void;
    manifest(cb: Callback<object>): void;
    /** Methods that a peer must not reach; here for the tests that try. */
    publish(argument: string, cb: Callback<unknown>): void;
    add(argument: string, cb: Callback<unknown>): void;
    del(argument: string, cb: Callback<unknown>): void;
    rebuild(argument: string, cb: Callback<unknown>): void;
    auth(argument: string, cb: Callback<unknown>): void;
    /** muxrpc's packet stream. */
    stream: {
      remoteCall(type: string, name: unknown, args: unknown, cb?: Callback<unknown>): unknown;
    };
    blobs: {
      createWants(): Source<unknown>;
      get(request: string | { key: string; size?: number; max?: number }): Source<Buffer>;
      has(ids: string | string[], cb: Callback<boolean | boolean[]>): void;
    };
    createHistoryStream(options: HistoryOptions): Source<unknown>;
    ebt: {
      replicate(
        options: { version: number },
        cb: (error: Error | null) => void,
      ): { source: Source<unknown>; sink: unknown };
    };
  }

  /** `this` of a method: muxrpc's context of the connection; nothing of it when called locally. */
  export interface Caller {
    id: string;
    _emit?(event: string, value: unknown): unknown;
  }

  export interface HistoryOptions {
    id: string;
    seq?: number;
    limit?: number;
    keys?: boolean;
    values?: boolean;
    live?: boolean;
    old?: boolean;
  }

  /** What a feed signs. */
  export interface SignedValue {
    previous: string | null;
    author: string;
    sequence: number;
    timestamp: number;
    hash: string;
    content: unknown;
    signature: string;
  }

  /** A signed message as stored. */
  export interface Message {
    key: string;
    value: SignedValue;
  }

  /** multiserver's transports and transforms, as far as they are built or wrapped here. */
  export interface Duplex {
    source: Source<Buffer>;
    sink: unknown;
    address?: string;
    meta?: unknown;
    /** The other side's public key, after the secret handshake. */
    remote?: Buffer;
    /** What the door has granted to it, where it came to us. */
    auth?: unknown;
  }
  export interface Transport {
    name: string;
    scope(): string;
    server(onConnection: (stream: Duplex) => void, started: (error?: Error) => void): () => void;
    client(address: never, cb: Callback<Duplex>): () => void;
    parse(text: string): object | null;
    stringify(scope?: string): string | null;
  }
  export interface Transform {
    name: string;
    create(): {
      create(options?: unknown): (stream: Duplex, cb: Callback<Duplex>) => void;
    };
  }

  /** ssb-friends' legacy stream: the whole graph, or one edge (true follow, false block). */
  export type ContactChange =
    | { from: string; to: string; value: boolean | null }
    | Record<string, Record<string, boolean | null>>;

  /** layered-graph: puts in a whole layer, or changes one edge of it and tells so. */
  export interface ContactLayer {
    (graph: Record<string, Record<string, number>>): void;
    (from: string, to: string, value: number): void;
  }

  /** A running server. */
  export interface SsbServer {
    id: string;
    peers: Record<string, Peer[]>;
    publish: Hookable<[content: object, cb: Callback<Message>], void>;
    /** Checks a message at once and writes it a moment later (ssb-db, minimal.js). */
    queue(message: SignedValue, cb: Callback<Message>): void;
    /** Each message, once it is in the log (obv). */
    post(listener: (message: Message) => void, immediately: boolean): void;
    getAtSequence(place: [feed: string, sequence: number], cb: Callback<Message>): void;
    createHistoryStream: Hookable<[HistoryOptions], Source<unknown>, Caller>;
    createUserStream(options: {
      id: string;
      live: boolean;
      keys: boolean;
      values: boolean;
    }): Source<{ content?: unknown }>;
    getAddress: Hookable<[scope?: string], string | null>;
    auth: Hookable<[id: string, cb: Callback<Permissions>], void>;
    connect: Hookable<[address: string, cb: Callback<Peer>], void>;
    close: Hookable<[cb: Callback<void>], void>;
    since(): { since: number | undefined; sync: boolean };
    /** Adds an index beside the log (ssb-db, index.js). */
    _flumeUse<I>(name: string, create: (log: unknown, name: string) => I): I;
    getVectorClock(cb: Callback<Record<string, number>>): void;
    on(event: 'rpc:connect', listener: (peer: Peer, isClient: boolean) => void): void;
    on(event: 'multiserver:listening', listener: () => void): void;
    multiserver: {
      transport: Hookable<[{ name: string; create(options: object): Transport }], unknown>;
      transform: Hookable<[Transform], unknown>;
    };
    friends: {
      stream(options: { live: boolean }): Source<ContactChange>;
      /** A graph of weighted edges: 1 a follow, -1 a block. A name is for one layer only. */
      createLayer(name: string): ContactLayer;
      hopStream(options: { live: boolean; old: boolean }): Source<Record<string, number>>;
    };
    invite: {
      create: Hookable<[options: unknown, cb: Callback<string>], void>;
      use: Hookable<[request: { feed: unknown }, cb: Callback<unknown>], void>;
    };
  }

  export interface Plugin {
    name?: string;
    version?: string;
    manifest?: Record<string, string>;
    permissions?: Record<string, Permissions>;
    init(server: SsbServer, config: SsbConfig): unknown;
  }

  export interface SsbConfig {
    path: string;
    keys: Keys;
    connections: {
      incoming: Record<string, object[]>;
      outgoing: Record<string, object[]>;
    };
    [plugin: string]: unknown;
  }

  export interface Keys {
    id: string;
    public: string;
    private: string;
    curve: string;
  }

  /** Plugins are collected with `use`, then the stack is called with the configuration. */
  export interface Stack {
    (config: SsbConfig): SsbServer;
    use(plugin: unknown): Stack;
    plugins: Plugin[];
    permissions: Record<string, Permissions>;
  }

  const server: { createSsbServer(): Stack };
  export default server;
}

declare module 'ssb-blobs' {
  const plugin: import('ssb-server').Plugin & {
    version: string;
    manifest: Record<'has' | 'get' | 'createWants', string>;
  };
  export default plugin;
}
declare module 'ssb-friends' {
  const plugin: import('ssb-server').Plugin;
  export default plugin;
}
declare module 'ssb-invite' {
  const plugin: import('ssb-server').Plugin;
  export default plugin;
}
declare module 'ssb-replicate' {
  const plugin: import('ssb-server').Plugin;
  export default plugin;
}
declare module 'ssb-ebt' {
  const plugin: import('ssb-server').Plugin;
  export default plugin;
}
declare module 'ssb-keys' {
  const keys: {
    generate(curve: 'ed25519', seed?: Buffer): import('ssb-server').Keys;
    verifyObj(keys: { public: string }, hmacKey: null, message: object): boolean;
    /** Here for the tests that write feeds by hand. */
    signObj<T extends object>(
      keys: import('ssb-server').Keys,
      hmacKey: null,
      message: T,
    ): T & { signature: string };
    hash(text: string): string;
    /** @returns a copy with its `signature` */
    signObj<T extends object>(keys: import('ssb-server').Keys, value: T): T & { signature: string };
    /** @returns base64 with the suffix `.sha256` */
    hash(data: string): string;
  };
  export default keys;
}
