import { SnugError } from '../support/errors.js';

/** The keyboard, as `process.stdin` is it on a terminal. */
export interface Keyboard {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  setEncoding(encoding: 'utf8'): unknown;
  on(event: 'data', listener: (text: string) => void): unknown;
  off(event: 'data', listener: (text: string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What {@link askSecret} asks, and where. */
export interface SecretQuestion {
  readonly prompt: string;
  readonly keyboard: Keyboard;
  /** Writes text as it is, not to the standard output, which may be a pipe. */
  readonly say: (text: string) => void;
  /** Gives up; Ctrl-C itself is typed here, and does so anyway. */
  readonly signal?: AbortSignal;
}

const LONGEST = 1024;
const ENTER = ['\r', '\n'];
const GIVE_UP = ['\u0003', '\u0004'];
const ERASE = ['\u007f', '\b'];

/**
 * Reads a line without showing it.
 *
 * @returns what was typed, without the line's end
 * @throws SnugError NO_TERMINAL where nobody can type, or CANCELLED; the signal's reason when aborted
 */
export function askSecret({ prompt, keyboard, say, signal }: SecretQuestion): Promise<string> {
  if (keyboard.isTTY !== true || keyboard.setRawMode === undefined) {
    throw new SnugError('NO_TERMINAL', 'There is no terminal to type the passphrase on.', {
      hint: 'Put it into a file that only you can read, and name that with --passphrase-file.',
    });
  }
  keyboard.setEncoding('utf8');
  // In raw mode nothing is echoed, and Ctrl-C is a character like others.
  keyboard.setRawMode(true);
  say(prompt);
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = () => {
      signal?.removeEventListener('abort', abort);
      keyboard.off('data', take);
      keyboard.setRawMode?.(false);
      keyboard.pause();
      say('\n');
    };
    const abort = () => {
      end();
      reject(signal?.reason);
    };
    const take = (text: string) => {
      for (const letter of text) {
        if (ENTER.includes(letter)) {
          end();
          resolve(typed);
          return;
        }
        if (GIVE_UP.includes(letter)) {
          end();
          reject(new SnugError('CANCELLED', 'Nothing was done.'));
          return;
        }
        if (ERASE.includes(letter)) typed = [...typed].slice(0, -1).join('');
        else if (letter >= ' ' && typed.length < LONGEST) typed += letter;
      }
    };
    signal?.addEventListener('abort', abort, { once: true });
    keyboard.on('data', take);
    keyboard.resume();
  });
}
