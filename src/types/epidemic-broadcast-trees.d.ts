/** What Snug uses of epidemic-broadcast-trees 7.0.0 (index.js, events.js, stream.js). */
declare module 'epidemic-broadcast-trees' {
  import type { SignedValue } from 'ssb-server';

  /** How one feed goes between us and one peer. */
  export interface Replicating {
    /** We send, we receive. */
    tx: boolean;
    rx: boolean;
    /** Sequence of the last message sent or received. */
    sent: number | null;
    requested: number;
  }

  /** What is known of one connected peer. */
  export interface PeerState {
    clock: Record<string, number> | null;
    /** Messages to be sent, in order. */
    msgs: SignedValue[];
    /** Feeds whose next message is to be read from the disk. */
    retrive: string[];
    notes: Record<string, number> | null;
    replicating: Record<string, Replicating> | null;
  }

  /** One peer's stream, a push-stream. */
  export interface EpidemicStream {
    resume(): void;
    end(error?: Error): void;
    /** Takes a packet of the peer, whatever it sent. */
    write(packet: unknown): void;
    _validate(clock: Record<string, number>): Record<string, number>;
  }

  /** The protocol's state machine, without any transport or storage. */
  export interface Epidemic {
    state: {
      clock: Record<string, number>;
      /** Feeds that are carried. */
      follows: Record<string, boolean>;
      /** Who blocks whom. */
      blocks: Record<string, Record<string, boolean> | undefined>;
      peers: Record<string, PeerState>;
      receive: { id: string; value: SignedValue }[];
    };
    streams: Record<string, EpidemicStream>;
    update(): void;
    request(feed: string, wanted: boolean): void;
    block(from: string, to: string, blocked: boolean): void;
    onAppend(message: SignedValue): void;
    createStream(peer: string, version: number, client: boolean): EpidemicStream;
    _retrive(error: Error | null, message: SignedValue | null): void;
  }

  export interface EpidemicOptions {
    id: string;
    getClock(peer: string, cb: (error: Error | null, clock: Record<string, number>) => void): void;
    setClock(peer: string, clock: Record<string, number> | null): void;
    getAt(
      place: { id: string; sequence: number },
      cb: (error: Error | null, message: SignedValue | null) => void,
    ): void;
    append(message: SignedValue, cb: (error: Error | null) => void): void;
    isFeed(id: unknown): boolean;
    /** How often it looks for peers that send nothing, in milliseconds. */
    timeout?: number;
  }

  export default function createEpidemic(options: EpidemicOptions): Epidemic;
}
declare module 'push-stream-to-pull-stream' {
  import type { EpidemicStream } from 'epidemic-broadcast-trees';
  import type { Source } from 'pull-stream';

  const toPull: {
    duplex(stream: EpidemicStream): { source: Source<unknown>; sink: (read: unknown) => void };
  };
  export default toPull;
}
