/** What Snug uses of ssb-server 16.0.1 and the plugins loaded into it (secret-stack 6.4.2). */
declare module 'ssb-server' {
  import type { Source } from 'pull-stream';

  /** A node-style callback. */
  export type Callback<T> = (error: Error | null, value?: T) => void;

  /** What a peer may call (muxrpc permissions.js); `null` would allow all. */
  export interface Permissions {
    allow: string[];
    deny: string[] | null;
    pre(name: string | string[]): Error | undefined;
    test(name: string | string[]): Error | undefined;
    post(): undefined;
  }

  /** hoox: `hook` puts a function around the method; the last one hooked is the outermost. */
  export interface Hookable<Args extends unknown[], Result> {
    (...args: Args): Result;
    hook(wrap: (this: Peer, fn: (...args: Args) => Result, args: Args) => Result): void;
  }

  /** One connection of a peer (a muxrpc emitter). */
  export interface Peer {
    id: string;
    meta?: unknown;
    closed: boolean;
    once(event: 'closed', listener: () => void): void;
    close(error: Error | true, cb?: () => void): void;
    invite: { use(request: { feed: string }, cb: Callback<unknown>): void };
    follow(feed: string, cb: Callback<unknown>): void;
    getAddress(cb: Callback<string>): void;
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
    createHistoryStream(options: {
      id: string;
      seq: number;
      keys: boolean;
      live: boolean;
    }): Source<unknown>;
  }

  /** A signed message as stored. */
  export interface Message {
    key: string;
    value: { author: string; sequence: number; content: unknown };
  }

  /** multiserver's transports and transforms, as far as they are built or wrapped here. */
  export interface Duplex {
    source: Source<Buffer>;
    sink: unknown;
    address?: string;
    meta?: unknown;
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

  /** A running server. */
  export interface SsbServer {
    id: string;
    peers: Record<string, Peer[]>;
    publish: (content: object, cb: Callback<Message>) => void;
    getAddress: Hookable<[scope?: string], string | null>;
    auth: Hookable<[id: string, cb: Callback<Permissions>], void>;
    connect(address: string, cb: Callback<Peer>): void;
    close(cb: Callback<void>): void;
    since(): { since: number | undefined; sync: boolean };
    getVectorClock(cb: Callback<Record<string, number>>): void;
    on(event: 'rpc:connect', listener: (peer: Peer, isClient: boolean) => void): void;
    on(event: 'multiserver:listening', listener: () => void): void;
    multiserver: {
      transport: Hookable<[{ name: string; create(options: object): Transport }], unknown>;
      transform: Hookable<[Transform], unknown>;
    };
    friends: {
      stream(options: { live: boolean }): Source<ContactChange>;
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
  };
  export default keys;
}
