import { isAbsolute, relative } from 'node:path';
import { LONGEST_CLEARNET_FOLDER, LONGEST_RUN_FOLDER } from './config.js';
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

/** The proxy's user may enter that folder, so nothing else of the relay may lie in it or around it. */
function clearnetApart({ state, run }: Folders, clearnet: string): Finding | undefined {
  const meets = (own: string) => holds(own, clearnet) || holds(clearnet, own);
  if (!meets(run) && !meets(state)) return undefined;
  const allowed = 'a folder apart from those in [paths], such as /run/snug-clearnet';
  return { key: 'clearnet.run', value: clearnet, allowed };
}

function clearnetFolder(paths: Folders, clearnet: string | undefined): (Finding | undefined)[] {
  if (clearnet === undefined) return [];
  const long = Buffer.byteLength(clearnet) > LONGEST_CLEARNET_FOLDER;
  const allowed = `a path of at most ${LONGEST_CLEARNET_FOLDER} bytes, such as /run/snug-clearnet`;
  return [
    ownFolder('clearnet.run', clearnet, '/run/snug-clearnet'),
    clearnetApart(paths, clearnet),
    long ? { key: 'clearnet.run', value: clearnet, allowed } : undefined,
  ];
}

interface Folders {
  readonly state: string;
  readonly run: string;
}

/**
 * @param paths the folders that would be used, absolute and normal
 * @param clearnet the folder that the proxy may enter, if that profile is on
 * @returns a finding for each rule that they break, at most one a rule
 */
export function checkFolders(paths: Folders, clearnet?: string): Finding[] {
  const findings = [
    ...clearnetFolder(paths, clearnet),
    ownFolder('paths.state', paths.state, '/var/lib/snug'),
    ownFolder('paths.run', paths.run, '/run/snug'),
    runLength(paths.run),
    apart(paths.state, paths.run),
  ];
  return findings.filter((finding) => finding !== undefined);
}
