import type { Finding, Report } from './finding.js';

const HEADS = {
  well: 'All is well.',
  findings: 'Something is not as it should be.',
  grave: 'Something grave is wrong.',
} as const;

function marked({ grave, repaired }: Finding): string {
  if (repaired) return 'mended';
  return grave ? 'GRAVE' : 'look';
}

function wordsOf(finding: Finding): string[] {
  const { what, reason, remedy, repaired, repairable } = finding;
  const lines = [`  ${marked(finding).padEnd(6)}  ${what}`, `          ${reason}`];
  if (repaired) return lines;
  const offer = repairable ? ' "snug doctor --fix" does it.' : '';
  return [...lines, `          → ${remedy}${offer}`];
}

/**
 * @param report of an examination
 * @returns lines for a person: a line for each check, with what it found below
 */
export function inWords({ health, checks }: Report): string[] {
  const lines = checks.flatMap(({ name, findings }) => [
    `${name.padEnd(14)} ${findings.length === 0 ? 'well' : ''}`.trimEnd(),
    ...findings.flatMap(wordsOf),
  ]);
  return [...lines, HEADS[health]];
}
