/** What the CLI asks: one line of JSON. */
export interface ControlRequest {
  readonly method: string;
  readonly params: unknown;
}

/** What the relay answers: one line of JSON. */
export type ControlResponse =
  | { readonly result: unknown }
  | { readonly error: { code: string; message: string; hint?: string } };

/** No request or answer of ours comes near this; anything longer is not ours. */
export const LONGEST_LINE = 4 * 1024 * 1024;
