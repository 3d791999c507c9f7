import { stat } from 'node:fs/promises';
import { uptime } from 'node:os';

/** How it stands with Debian's updates on a card, which installs them every night. */
export interface UpdatesView {
  /** Days since they last went well. */
  readonly days: number;
  /** Whether somebody should look. */
  readonly late: boolean;
}

/** Its time is when they last went well (docs/appliance.md). Only a card has it. */
export const CARD_UPDATES = '/var/lib/snug-upgrade/done';

const DAY_SECONDS = 86_400;
const MOST_DAYS = 7;
/** So long a card has had its chance, however long it lay in a drawer. */
const CHANCE_SECONDS = 2 * DAY_SECONDS;

/**
 * @param file see {@link CARD_UPDATES}
 * @param now in milliseconds since 1970
 * @param upSeconds since the machine started
 * @returns undefined where there is no such file
 */
export async function readUpdates(
  file: string,
  now = Date.now(),
  upSeconds = uptime(),
): Promise<UpdatesView | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  const days = Math.max(0, Math.floor((now - found.mtimeMs) / 1000 / DAY_SECONDS));
  return { days, late: days >= MOST_DAYS && upSeconds >= CHANCE_SECONDS };
}

/** @returns what somebody should do about updates, in words */
export function updatesTodo(updates: UpdatesView | undefined): string[] {
  if (updates?.late !== true) return [];
  return [
    `Debian's updates have not gone well for ${updates.days} days. See why: sudo journalctl -u snug-upgrade; try again: sudo systemctl start snug-upgrade.`,
  ];
}
