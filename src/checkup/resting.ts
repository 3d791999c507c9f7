import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check, Found } from '../doctor/finding.js';
import { leftovers } from '../doctor/leftovers.js';
import type { Paths } from '../rooms.js';
import { type IndexTrouble, inspectIndexes } from '../ssb/inspect/indexes.js';
import { inspectLog, type LogShape } from '../ssb/inspect/log.js';
import { checkOwnKey } from '../ssb/own-key.js';
import { codeOf, hintOf, messageOf } from '../support/errors.js';

const RESTORE =
  'Restore a backup into an empty state folder (snug restore): feeds come back from members. Check the disk, too.';

function ownKey(secret: string, log: string): Check {
  return {
    name: 'own key',
    async look() {
      try {
        checkOwnKey(secret);
        return [];
      } catch (error) {
        const missing = codeOf(error) === 'ENOENT';
        // Before its first start a relay has neither.
        if (missing && (await stat(log).catch(() => undefined)) === undefined) return [];
        const what = missing ? `The relay's own key ${secret} is gone.` : messageOf(error);
        const reason = 'The key is the relay: without it, it is a stranger to its members.';
        return [{ grave: true, what, reason, remedy: hintOf(error) ?? RESTORE }];
      }
    },
  };
}

function ofShape({ bytes, broken, unreadable, torn }: LogShape): Found[] {
  const found: Found[] = [];
  if (broken !== undefined) {
    found.push({
      grave: true,
      what: `The log of messages is damaged at byte ${broken} of ${bytes}.`,
      reason: 'The relay stops where it reads that, and what follows is out of reach.',
      remedy: RESTORE,
    });
  }
  if (unreadable > 0) {
    found.push({
      grave: true,
      what: `${unreadable} messages in the log cannot be read.`,
      reason: 'The relay stops where it reads them.',
      remedy: RESTORE,
    });
  }
  if (torn > 0) {
    found.push({
      grave: false,
      what: `The last ${torn} bytes of the log are a message that was not written to its end.`,
      reason: 'The power or the disk failed meanwhile. The message comes again from who has it.',
      remedy: 'Nothing: the relay cuts it off at its next start.',
    });
  }
  return found;
}

function ofIndex({ name, kind, why, remove }: IndexTrouble): Found {
  const ahead = kind === 'ahead';
  return {
    grave: !ahead,
    what: ahead
      ? `The index "${name}" is further than the log.`
      : `The index "${name}" is damaged: ${why}.`,
    reason: ahead
      ? 'The log has lost its end, so the index names messages that are not there.'
      : 'The relay stops where it reads it.',
    remedy: 'Remove it: the relay makes a new one out of the log at its next start.',
    repair: remove,
  };
}

/**
 * @param state folder of the state
 * @returns the checks of files that only a relay at rest may be asked for
 */
export function restingFiles(state: string, paths: Paths): Check[] {
  const flume = join(paths.database, 'flume');
  const log = join(flume, 'log.offset');
  let shape: Promise<LogShape | undefined> | undefined;
  // Large logs are read once, whoever asks.
  const look = () => {
    shape ??= inspectLog(log);
    return shape;
  };
  return [
    ownKey(join(paths.database, 'secret'), log),
    {
      name: 'messages',
      async look() {
        const found = await look();
        return found === undefined ? [] : ofShape(found);
      },
    },
    {
      name: 'indexes',
      async look() {
        const found = await look();
        // Where the log ends is not known then, and its indexes may be what is left of it.
        if (found?.broken !== undefined) return [];
        return (await inspectIndexes(flume, found?.last ?? -1)).map(ofIndex);
      },
    },
    leftovers(state, [paths.ledger, paths.tor, join(paths.database, 'blobs')]),
  ];
}
