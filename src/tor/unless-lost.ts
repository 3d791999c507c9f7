import { codeOf } from '../support/errors.js';

const LOST = ['CONTROL_LOST', 'CONTROL_TIMEOUT', 'CONTROL_PROTOCOL'];

/** When the connection breaks, the restart does what was asked for, or there is nothing left to do. */
export async function unlessLost(command: Promise<unknown>): Promise<void> {
  try {
    await command;
  } catch (error) {
    if (!LOST.includes(codeOf(error) ?? '')) throw error;
  }
}
