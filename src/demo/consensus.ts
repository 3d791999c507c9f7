import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** File events get lost on some file systems; a look now and then makes up for it. */
const POLL_MS = 250;

async function lists(file: string, relays: readonly string[]): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return relays.every((name) => text.includes(`\nr ${name} `));
}

/**
 * Waits until a Tor holds a list of relays (a consensus) with all of them on it. A client that
 * starts before meets 404s and backs off for longer than the wait.
 *
 * @param folder DataDirectory of that Tor
 * @param relays nicknames
 * @param signal ends the wait; the promise then rejects with its reason
 */
export function consensusListing(
  folder: string,
  relays: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = join(folder, 'cached-microdesc-consensus');
    const look = () => void lists(file, relays).then((all) => all && finish(resolve));
    const onAbort = () => finish(() => reject(signal.reason));
    const watcher = watch(folder, look).on('error', () => watcher.close());
    const timer = setInterval(look, POLL_MS);
    const finish = (settle: () => void) => {
      watcher.close();
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else look();
  });
}
