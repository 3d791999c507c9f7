/** What Snug uses of flumeview-reduce 1.4.0: an index that is one value, kept beside the log. */
declare module 'flumeview-reduce' {
  import type { Message } from 'ssb-server';

  /** An index as ssb-db takes it (`_flumeUse`). */
  export interface Index<State> {
    /** Calls back once the index has come as far as the log. */
    get(options: object, cb: (error: Error | null, state?: State) => void): void;
  }

  /** How an index is made. */
  export interface Plan<State> {
    /** May change the state that it gets, undefined at first. */
    reduce(state: State | undefined, message: Message): State;
    /** It is saved so long after a change, and so long after it was last saved, in milliseconds. */
    min: number;
    max: number;
  }

  /** @param version of the state's meaning; the state of another one is made anew */
  export default function createReduce<State>(
    version: number,
    plan: Plan<State>,
  ): (log: unknown, name: string) => Index<State>;
}
