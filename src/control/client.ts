import { once } from 'node:events';
import { connect } from 'node:net';
import { codeOf, SnugError } from '../support/errors.js';
import { type ControlResponse, LONGEST_LINE } from './protocol.js';
import { readLine } from './read-line.js';

/** A follow waits for the disk, a slow card included; longer means that something is wrong. */
const ANSWER_TIMEOUT_MS = 60_000;

function cannotConnect(path: string, cause: unknown): SnugError {
  if (codeOf(cause) === 'EACCES') {
    return new SnugError('NOT_ALLOWED', `You may not open ${path}.`, {
      hint: 'Run the command as the user that runs the relay, or with sudo.',
      cause,
    });
  }
  return new SnugError('NOT_RUNNING', `No relay answers on ${path}.`, {
    hint: 'Start it with "snug start", or name its socket with --control.',
    cause,
  });
}

/**
 * Asks the running relay.
 *
 * @param path of its control socket
 * @param method name of a control method
 * @param params its arguments, as JSON
 * @param signal gives up; what the relay was asked for may still happen
 * @returns the method's result
 * @throws SnugError NOT_RUNNING, NOT_ALLOWED, CONTROL_BROKEN, or what the method threw; the signal's reason when aborted
 */
export async function callControl(
  path: string,
  method: string,
  params: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  const socket = connect({ path, ...(signal === undefined ? {} : { signal }) });
  try {
    await once(socket, 'connect').catch((cause: unknown) => {
      throw cannotConnect(path, cause);
    });
    socket.write(`${JSON.stringify({ method, params })}\n`);
    const line = await readLine(socket, LONGEST_LINE, ANSWER_TIMEOUT_MS);
    const response = JSON.parse(line) as ControlResponse;
    if ('result' in response) return response.result;
    const { code, message, hint } = response.error;
    throw new SnugError(code, message, hint === undefined ? {} : { hint });
  } catch (error) {
    // Whatever broke then, this is why.
    signal?.throwIfAborted();
    throw error;
  } finally {
    socket.destroy();
  }
}
