/** What Snug uses of flumeview-reduce 1.4.0: an index that is one value, kept beside the log. */
declare module 'flumeview-reduce' {
  import type { Message } from 'ssb-server';

  /** An index as ssb-db takes it (`_flumeUse`). */
  export interface Index<State> {
    /** Calls back once the index has come as far as the log. */
    get(options: object, cb: (error: Error | null, state?: State) => void): void;
  }

  /**
   * @param version of the state's meaning; the state of another one is made anew
   * @param reduce may change the state that it gets, undefined at first
   */
  export default function createReduce<State>(
    version: number,
    reduce: (state: State | undefined, message: Message) => State,
  ): (log: unknown, name: string) => Index<State>;
}
