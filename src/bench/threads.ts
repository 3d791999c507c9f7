import { Worker } from 'node:worker_threads';
import { Bridge, type Remote, remote } from '../ssb/bridge.js';
import type { SenderCalls } from './sender-calls.js';
import type { StockCalls } from './stock.js';

/** Where a thread may write, and what ends it in any case. */
export interface Place {
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Calls into a thread until it dies; its `close` ends it. */
function openThread<T>(
  file: string,
  { folder, signal }: Place,
  names: readonly (keyof T & string)[],
): Remote<T, keyof T> {
  const worker = new Worker(new URL(file, import.meta.url), { workerData: { folder } });
  const kill = () => void worker.terminate();
  signal.addEventListener('abort', kill, { once: true });
  worker.once('exit', () => signal.removeEventListener('abort', kill));
  const bridge = new Bridge(worker, {});
  worker.once('error', (error) => bridge.close(error as Error));
  worker.once('exit', () => bridge.close(new Error(`the thread of ${file} ended`)));
  return remote<T, keyof T & string>(bridge, names) as Remote<T, keyof T>;
}

/** @returns a member's client in a thread of its own */
export function openSender(place: Place): Remote<SenderCalls, keyof SenderCalls> {
  return openThread<SenderCalls>('./sender.js', place, [
    'make',
    'redeem',
    'send',
    'sendBlobs',
    'close',
  ]);
}

/** @returns a stock ssb-server in a thread of its own */
export function openStock(place: Place): Remote<StockCalls, keyof StockCalls> {
  return openThread<StockCalls>('./stock.js', place, ['open', 'follow', 'close']);
}
