import type { Cli } from './cli.js';

/** How a command shows what the relay has answered. */
export interface ListWords<T> {
  /** Said on standard error when there is nothing to list. */
  readonly none: string;
  /** @returns the line of one entry */
  line(entry: T): string;
}

/**
 * @param result an array, as the relay answered it
 * @param json whether a script asks: then the answer goes out as it came
 */
export function printList<T>(
  { terminal }: Pick<Cli, 'terminal'>,
  result: unknown,
  json: boolean,
  { none, line }: ListWords<T>,
): void {
  const entries = result as T[];
  if (json) terminal.out(JSON.stringify(entries));
  else if (entries.length === 0) terminal.err(none);
  else for (const entry of entries) terminal.out(line(entry));
}
