import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Job } from './invites-crash.js';

const SCRIPT = fileURLToPath(new URL('./invites-crash.js', import.meta.url));
const DEADLINE_MS = 60_000;

/** A relay in a process of its own (invites-crash.ts). */
export interface Child {
  readonly process: ChildProcess;
  /** @returns the next line on its stdout that begins so */
  line(start: string): Promise<string>;
  /** @returns the lines from here to its end, which it comes to by itself */
  rest(): Promise<string[]>;
  /** Kills it with -9 and waits until it is gone. */
  kill(): Promise<void>;
}

/**
 * @param job what it is to do
 * @param fileLimit kilobytes that one of its files may have (ulimit -f), to stand for a full disk
 * @returns the running child, killed with the test
 */
export function startChild(t: TestContext, job: Job, fileLimit?: number): Child {
  const node = [process.execPath, SCRIPT, JSON.stringify(job)];
  const limited = ['bash', '-c', `ulimit -S -f ${fileLimit}; exec "$@"`, 'bash', ...node];
  const [command = '', ...args] = fileLimit === undefined ? node : limited;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  t.after(kill);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    kill,
    line: (start) => nextLine(lines, start),
    rest: () => remaining(lines),
  };
}

async function remaining(lines: AsyncIterator<string>): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) return found;
    found.push(value);
  }
}

async function nextLine(lines: AsyncIterator<string>, start: string): Promise<string> {
  const late = AbortSignal.timeout(DEADLINE_MS);
  const overdue = once(late, 'abort').then(() => {
    throw new Error(`the child did not say "${start}" in time`);
  });
  const search = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the child ended before it said "${start}"`);
      if (value.startsWith(start)) return value;
    }
  };
  return Promise.race([search(), overdue]);
}
