/**
 * The thread that SSB lives in, started by relay-thread.ts. Verifying signatures and keeping
 * indexes takes a processor for as long as feeds pour in; here that keeps no visitor waiting.
 */
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { Bridge, remote, type Served, served } from './bridge.js';
import type { Gate } from './gate.js';
import { answerForInterfaces } from './no-interfaces.js';
import type { Relay } from './relay.js';
import { GATE_CALLS, type Opened, RELAY_CALLS, type RelayPlan } from './relay-calls.js';
import { logThrough } from './thread-log.js';

/** How old what `snug status` says of SSB may be. */
const TELL_STATUS_MS = 1000;

if (parentPort === null) throw new Error('this file is the main file of a worker thread');
const port = parentPort;

const log = logThrough(() => bridge);
let opened: Relay | undefined;
let telling: NodeJS.Timeout | undefined;

function relay(): Relay {
  if (opened === undefined) throw new Error('the relay is not open');
  return opened;
}

/** The SSB packages print to the console, with the ids of peers; that is for developers. */
function tameConsole(): void {
  const { debug } = log.room('packages');
  const line = (...parts: unknown[]) => debug(parts.map(String).join(' '));
  Object.assign(console, { log: line, info: line, warn: line, error: line });
}

/**
 * On Linux this is the priority of the calling thread alone (setpriority(2), "C library/kernel
 * differences"): when feeds want every processor, the site and Tor come first.
 */
function yieldToOthers(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
}

function tellStatus(): void {
  bridge.tell('status', relay().status());
}

async function open(plan: RelayPlan): Promise<Opened> {
  // Before the SSB packages are loaded: some of them ask while they are.
  answerForInterfaces();
  const { Relay } = await import('./relay.js');
  opened = await Relay.open({ ...plan, log });
  telling = setInterval(tellStatus, TELL_STATUS_MS);
  return { id: opened.id, address: opened.address, status: opened.status() };
}

/** The thread ends by itself when nothing of the relay is left. */
async function close(): Promise<void> {
  clearInterval(telling);
  await opened?.close();
  port.unref();
}

/** Whoever has changed something finds it in the status at once: it arrives before the answer. */
function withStatus(calls: Served): Served {
  const wrapped = Object.entries(calls).map(([name, call]) => [
    name,
    async (...args: never[]) => {
      const result = await call(...args);
      tellStatus();
      return result;
    },
  ]);
  return Object.fromEntries(wrapped) as Served;
}

const bridge = new Bridge(port, {
  open,
  close,
  admit: () => relay().admit(remote<Gate, (typeof GATE_CALLS)[number]>(bridge, GATE_CALLS)),
  ...withStatus(served(relay, RELAY_CALLS)),
});
tameConsole();
yieldToOthers();
