import { SnugError } from '../support/errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What the process is asked to end with; {@link exitCodeOf} knows each. */
export type EndingSignal = (typeof SIGNALS)[number];

/** @returns why something ends before it is done; its code is the signal's name */
export function interruptedBy(name: EndingSignal): SnugError {
  return new SnugError(name, `Interrupted by ${name}.`, {
    hint: 'A change that a running relay was asked for may still happen.',
  });
}

/** @returns a signal that aborts when this process is asked to end, from now on */
export function listenForEnd(): AbortSignal {
  const ending = new AbortController();
  for (const name of SIGNALS) process.on(name, () => ending.abort(interruptedBy(name)));
  return ending.signal;
}
