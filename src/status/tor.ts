import { ago } from './duration.js';

/** What the status needs to know of Tor; times in milliseconds since 1970. */
export interface TorView {
  readonly state: string;
  readonly version?: string;
  readonly host?: string;
  readonly bootstrap: {
    readonly progress: number;
    readonly summary: string;
    readonly warning?: string;
  };
  readonly descriptors: {
    readonly wanted: number;
    readonly uploaded: number;
    readonly lastUpload?: number;
  };
  readonly clockSkewSeconds?: number;
  readonly problem?: { readonly what: string; readonly hint: string };
  readonly restarts: number;
  /** The directory authorities advise against this version. */
  readonly outdated?: true;
}

export const UPDATE_TOR =
  'Update Tor: the network advises against this version and will refuse it one day (sudo apt update && sudo apt install tor).';

function published({ descriptors }: TorView, now: number): string {
  const { uploaded, wanted, lastUpload } = descriptors;
  const last = lastUpload === undefined ? '' : `, the last ${ago((now - lastUpload) / 1000)}`;
  return `published: ${uploaded} of ${wanted} descriptors uploaded${last}`;
}

/**
 * @param now in milliseconds since 1970
 * @returns what Tor is doing
 */
export function torInWords(tor: TorView, now: number): string {
  const { progress, summary } = tor.bootstrap;
  switch (tor.state) {
    case 'published':
      return published(tor, now);
    case 'publishing':
      return `publishing the onion address (${tor.descriptors.uploaded} of ${tor.descriptors.wanted} descriptors)`;
    case 'bootstrapping':
      return `connecting, ${progress} % (${summary})`;
    case 'restarting':
      return `restarting (${tor.restarts} so far)`;
    default:
      return tor.state;
  }
}

/**
 * @param now in milliseconds since 1970
 * @returns the lines of Tor and of the clock for people
 */
export function torLines(tor: TorView | undefined, now: number): string[] {
  if (tor === undefined) return ['Tor       not started'];
  const version = tor.version === undefined ? '' : `${tor.version}, `;
  const restarts = tor.restarts > 0 ? `; restarted ${tor.restarts} times` : '';
  const again = tor.state === 'restarting' ? '' : restarts;
  return [`Tor       ${version}${torInWords(tor, now)}${again}`, clockLine(tor)];
}

function clockLine({ clockSkewSeconds: skew, bootstrap }: TorView): string {
  if (skew !== undefined) {
    return `Clock     ${Math.abs(skew)} seconds ${skew < 0 ? 'slow' : 'fast'}, says Tor`;
  }
  return `Clock     ${bootstrap.progress < 100 ? 'Tor does not know yet' : 'right, as far as Tor can tell'}`;
}

/** @returns what somebody should do about Tor, in words */
export function torTodo(tor: TorView | undefined): string[] {
  const todo: string[] = [];
  if (tor?.problem !== undefined) todo.push(`${tor.problem.what} ${tor.problem.hint}`);
  if (tor?.outdated === true) todo.push(UPDATE_TOR);
  return todo;
}
