import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * systemd separates several folders by colons (systemd.exec(5), RuntimeDirectory=); relative
 * paths count as unset (XDG Base Directory Specification, Basics).
 */
function folderIn(value: string | undefined): string | undefined {
  const first = value?.split(':')[0];
  return first !== undefined && isAbsolute(first) ? first : undefined;
}

/**
 * @param env the process's environment
 * @returns the folder for what must last: systemd's, else the user's own
 */
export function defaultState(env: NodeJS.ProcessEnv): string {
  const ofService = folderIn(env.STATE_DIRECTORY);
  if (ofService !== undefined) return ofService;
  const home = folderIn(env.HOME) ?? homedir();
  return join(folderIn(env.XDG_STATE_HOME) ?? join(home, '.local', 'state'), 'snug');
}

/**
 * @param env the process's environment
 * @param state the folder for what must last
 * @returns the folder for sockets: systemd's, else the session's, else one below `state`
 */
export function defaultRun(env: NodeJS.ProcessEnv, state: string): string {
  const ofService = folderIn(env.RUNTIME_DIRECTORY);
  if (ofService !== undefined) return ofService;
  const ofSession = folderIn(env.XDG_RUNTIME_DIR);
  return ofSession === undefined ? join(state, 'run') : join(ofSession, 'snug');
}
