import { isAbsolute, relative } from 'node:path';
import { LONGEST_RUN_FOLDER } from './config.js';
import type { Finding } from './problems.js';

/** Snug's folders are made private to it, which would break the system for a shared one. */
const SHARED = [
  '/boot',
  '/dev',
  '/etc',
  '/home',
  '/opt',
  '/proc',
  '/root',
  '/run',
  '/srv',
  '/sys',
].concat(['/bin', '/lib', '/sbin', '/tmp', '/usr', '/var/lib', '/var/log', '/var/tmp']);

/** @returns whether `inner` is `outer` or lies below it; both absolute and normal */
function holds(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path !== '..' && !path.startsWith('../') && !isAbsolute(path);
}

function ownFolder(key: string, path: string, example: string): Finding | undefined {
  const clean = !/\p{Cc}/u.test(path) && Buffer.byteLength(path) <= 1024;
  if (clean && !SHARED.some((shared) => holds(path, shared))) return undefined;
  return { key, value: path, allowed: `a folder for Snug alone, such as ${example}` };
}

function runLength(run: string): Finding | undefined {
  const bytes = Buffer.byteLength(run);
  if (bytes <= LONGEST_RUN_FOLDER) return undefined;
  const why = `this one has ${bytes}, and the paths of the sockets in it would be too long`;
  const allowed = `a path of at most ${LONGEST_RUN_FOLDER} bytes, such as /run/snug (${why})`;
  return { key: 'paths.run', value: run, allowed };
}

/** Run folders are emptied at boot, so that what must last may not lie in one. */
function apart(state: string, run: string): Finding | undefined {
  if (!holds(run, state)) return undefined;
  const allowed = 'a folder that is neither paths.run nor inside it, because that one is emptied';
  return { key: 'paths.state', value: state, allowed };
}

/**
 * @param paths the folders that would be used, absolute and normal
 * @returns a finding for each rule that they break, at most one a rule
 */
export function checkFolders(paths: { readonly state: string; readonly run: string }): Finding[] {
  const findings = [
    ownFolder('paths.state', paths.state, '/var/lib/snug'),
    ownFolder('paths.run', paths.run, '/run/snug'),
    runLength(paths.run),
    apart(paths.state, paths.run),
  ];
  return findings.filter((finding) => finding !== undefined);
}
