import { messageOf } from '../support/errors.js';
import type { Check, Finding, Found, Report } from './finding.js';

/** A check that fails itself is no reason to leave out the others. */
async function lookSafely(check: Check): Promise<readonly Found[]> {
  try {
    return await check.look();
  } catch (error) {
    return [
      {
        grave: false,
        what: `The ${check.name} could not be looked at: ${messageOf(error)}.`,
        reason: 'So nothing is known about them.',
        remedy: 'Run the command as the user that runs the relay; if that is so, report this.',
      },
    ];
  }
}

/** @returns why the repair failed; undefined when it did not */
async function attempt(repair: () => Promise<void>): Promise<string | undefined> {
  try {
    await repair();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function told({ repair, ...found }: Found, repaired = false): Finding {
  return { ...found, repairable: repair !== undefined, repaired };
}

/** Repairs what can be, looks again, and counts as repaired only what is not found any more. */
async function mend(check: Check, first: readonly Found[]): Promise<Finding[]> {
  const failures: Found[] = [];
  for (const found of first) {
    const failure = found.repair === undefined ? undefined : await attempt(found.repair);
    if (failure !== undefined)
      failures.push({ ...found, reason: `${found.reason} The repair failed: ${failure}.` });
  }
  const second = await lookSafely(check);
  const still = new Set([...second, ...failures].map(({ what }) => what));
  const mended = first.filter(({ what, repair }) => repair !== undefined && !still.has(what));
  const why = new Map(failures.map((found) => [found.what, found]));
  return [
    ...mended.map((found) => told(found, true)),
    ...second.map((found) => told(why.get(found.what) ?? found)),
  ];
}

/**
 * @param checks in the order in which they are told
 * @param fix whether to repair what can be repaired safely
 * @returns what was found; health does not count what is repaired
 */
export async function examine(checks: readonly Check[], fix: boolean): Promise<Report> {
  const results: { name: string; findings: Finding[] }[] = [];
  for (const check of checks) {
    const found = await lookSafely(check);
    const mending = fix && found.some(({ repair }) => repair !== undefined);
    results.push({
      name: check.name,
      findings: mending ? await mend(check, found) : found.map((one) => told(one)),
    });
  }
  const open = results.flatMap(({ findings }) => findings.filter(({ repaired }) => !repaired));
  const health = open.some(({ grave }) => grave) ? 'grave' : open.length > 0 ? 'findings' : 'well';
  return { health, checks: results };
}
