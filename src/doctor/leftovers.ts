import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Check } from './finding.js';
import { some, walk } from './walk.js';

/** What atomic writes leave when they are cut off: ours `.new`, LevelDB's `.dbtmp`, flume's `~`. */
const LEFT = /\.(new|tmp|dbtmp)$|\.json~$/;

/**
 * Files that a killed relay has begun and not finished. It begins anew each time, so they are only
 * in the way.
 *
 * @param folder of the state, while no relay runs on it
 * @param skip folders below it in which such names mean something else
 */
export function leftovers(folder: string, skip: readonly string[]): Check {
  return {
    name: 'leftovers',
    async look() {
      const files: string[] = [];
      for await (const { path, stats } of walk(folder)) {
        const elsewhere = skip.some((place) => path.startsWith(`${place}/`));
        if (stats.isFile() && LEFT.test(basename(path)) && !elsewhere) files.push(path);
      }
      if (files.length === 0) return [];
      return [
        {
          grave: false,
          what: `Files were begun and never finished: ${some(files, folder)}.`,
          reason: 'The power or the disk failed while they were written; nothing reads them.',
          remedy: 'Remove them.',
          repair: async () => {
            for (const file of files) await rm(file, { force: true });
          },
        },
      ];
    },
  };
}
