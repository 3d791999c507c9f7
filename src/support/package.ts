import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The project's own folder: compiled files lie in `<root>/dist/src/<room>/`. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** @returns Snug's version, from package.json */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
