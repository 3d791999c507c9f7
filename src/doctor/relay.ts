import { codeOf, hintOf, messageOf } from '../support/errors.js';
import type { Check, Found } from './finding.js';

/** What of the status of a running relay is looked at. */
export interface StatusView {
  readonly health: 'well' | 'degraded' | 'down';
  readonly version: string;
  readonly todo: readonly string[];
}

/** What came of asking for the status. */
export type Asked = { readonly status: StatusView } | { readonly error: unknown };

/**
 * @param ask asks the running relay for its status
 * @returns what it answered, or why it did not
 */
export async function askStatus(ask: () => Promise<unknown>): Promise<Asked> {
  try {
    return { status: (await ask()) as StatusView };
  } catch (error) {
    return { error };
  }
}

/** @returns whether a relay runs, however it is */
export function isRunning(asked: Asked): boolean {
  return 'status' in asked || codeOf(asked.error) !== 'NOT_RUNNING';
}

function silent(error: unknown): Found {
  return {
    grave: false,
    what: messageOf(error),
    reason: 'Members cannot come while no relay runs; its files were looked at all the same.',
    remedy: hintOf(error) ?? 'See "snug log".',
  };
}

function ofStatus({ health, version, todo }: StatusView, installed: string): Found[] {
  const found = todo.map((sentence) => ({
    grave: health === 'down',
    what: sentence,
    reason: 'The running relay says so.',
    remedy: 'Do what it says, then see "snug status" and "snug log".',
  }));
  if (version === installed) return found;
  const update: Found = {
    grave: false,
    what: `Version ${version} runs, and version ${installed} is installed.`,
    reason: 'The running relay does not have what was mended since.',
    remedy: 'Restart the relay.',
  };
  return [...found, update];
}

/**
 * @param asked what the relay answered
 * @param installed the version on the disk
 */
export function relay(asked: Asked, installed: string): Check {
  return {
    name: 'relay',
    look: async () =>
      'status' in asked ? ofStatus(asked.status, installed) : [silent(asked.error)],
  };
}
