import { access } from 'node:fs/promises';
import { SnugError } from '../support/errors.js';

/** The programs that hide what Tor speaks, and the Debian packages that bring them. */
const TRANSPORTS: ReadonlyMap<string, { readonly path: string; readonly apt: string }> = new Map([
  ['obfs4', { path: '/usr/bin/obfs4proxy', apt: 'obfs4proxy' }],
  ['snowflake', { path: '/usr/bin/snowflake-client', apt: 'snowflake-client' }],
]);

/** @returns the kinds of the bridges, each once; a bridge without disguise has none */
function kindsOf(bridges: readonly string[]): string[] {
  const words = bridges.map((line) => line.split(' ')[0] ?? '');
  return [...new Set(words)].filter((word) => /^[a-z]/i.test(word));
}

function programOf(kind: string, transports: typeof TRANSPORTS) {
  const program = transports.get(kind);
  if (program !== undefined) return program;
  throw new SnugError('TORRC_BAD_BRIDGE', `There are no bridges of the kind "${kind}" here.`, {
    hint: `Use one of ${[...transports.keys()].join(', ')}, or one without disguise.`,
  });
}

/**
 * @param bridges lines as after the word `Bridge` in a torrc
 * @param transports where the programs are; others in tests
 * @throws SnugError BRIDGE_PROGRAM_MISSING naming the Debian package
 */
export async function requirePrograms(
  bridges: readonly string[],
  transports = TRANSPORTS,
): Promise<void> {
  for (const kind of kindsOf(bridges)) {
    const { path, apt } = programOf(kind, transports);
    // Whether it may be run is not asked: in the relay's own sandbox it may not.
    await access(path).catch((cause: unknown) => {
      const message = `Bridges of the kind ${kind} need the program ${path}, which is not there.`;
      throw new SnugError('BRIDGE_PROGRAM_MISSING', message, {
        hint: `Install the Debian package: sudo apt install ${apt}.`,
        cause,
      });
    });
  }
}

/**
 * @param bridges lines as after the word `Bridge` in a torrc
 * @param transports where the programs are; others in tests
 * @returns torrc lines: whether Tor may start programs, which, and the bridges
 * @throws SnugError TORRC_BAD_BRIDGE
 */
export function bridgeLines(bridges: readonly string[], transports = TRANSPORTS): string {
  const kinds = kindsOf(bridges);
  const lines = [`NoExec ${kinds.length > 0 ? 0 : 1}`];
  if (bridges.length > 0) lines.push('UseBridges 1');
  for (const kind of kinds) {
    lines.push(`ClientTransportPlugin ${kind} exec ${programOf(kind, transports).path}`);
  }
  for (const line of bridges) {
    if (/[^ -~]|["#\\]/.test(line)) {
      throw new SnugError('TORRC_BAD_BRIDGE', 'A bridge holds characters that no bridge has.');
    }
    lines.push(`Bridge ${line}`);
  }
  return lines.join('\n');
}
