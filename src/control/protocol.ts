/** What the CLI asks: one line of JSON. */
export interface ControlRequest {
  readonly method: string;
  readonly params: unknown;
}

/** What the relay answers: one line of JSON. */
export type ControlResponse =
  | { readonly result: unknown }
  | { readonly error: { code: string; message: string; hint?: string } };

/** The longest answer is for a backup: a full ledger has some 25 MB. Anything longer is not ours. */
export const LONGEST_LINE = 64 * 1024 * 1024;
