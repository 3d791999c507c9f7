/** What went wrong, for code (`code`) and for people (`message`, `hint`). */
export interface SnugErrorOptions {
  /** What the reader can do now, as a full sentence. */
  readonly hint?: string;
  /** The error underneath, if any. */
  readonly cause?: unknown;
}

/**
 * The one error class that crosses room borders. `message` says what happened and why,
 * `hint` says what to do; the CLI prints both, visitors never see either.
 */
export class SnugError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  /**
   * @param code stable, in capitals, such as `TOR_NOT_FOUND`
   * @param message what happened and why, one sentence
   */
  constructor(code: string, message: string, options: SnugErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SnugError';
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * @param error anything that was thrown
 * @returns its message, or its text when it is no Error
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param error anything that was thrown
 * @returns its message, then in brackets those of what caused it, for the log
 */
export function withCauses(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)} (${withCauses(cause)})`;
}

/**
 * @param error anything that was thrown
 * @returns the `code` that Node and SnugError put on errors, if there is one
 */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * @param error anything that was thrown
 * @returns what the reader can do, if the error says so
 */
export function hintOf(error: unknown): string | undefined {
  return error instanceof SnugError ? error.hint : undefined;
}
