import type { Way } from './dial.js';
import type { Load, Plan } from './plan.js';
import type { BenchRelay } from './relay.js';
import type { StockCalls } from './stock.js';
import { openSender, type Place } from './threads.js';

/** A stock server that listens. */
export type Stock = Pick<StockCalls, 'follow'> & { readonly id: string; readonly port: number };

/** A measured transfer of feeds. */
export interface Flow {
  readonly messages: number;
  /** Messages, and bytes of messages as JSON, a second. */
  readonly messageRate: number;
  readonly byteRate: number;
}

/**
 * Sends a load by a new member and waits until all of it is there.
 * @param over the relay's own socket if not given
 */
export async function sendFeeds(
  place: Place,
  relay: BenchRelay,
  load: Load,
  over?: Way,
): Promise<Flow> {
  const sender = openSender(place);
  try {
    const made = await sender.make(load);
    await sender.redeem(relay.ssb, await relay.createInvite());
    const id = (await relay.status()).ssb?.id ?? '';
    const { ms: took } = await sender.send(over ?? relay.ssb, id);
    return flowOf(made, took);
  } finally {
    await sender.close();
  }
}

function flowOf(made: { messages: number; bytes: number }, took: number): Flow {
  const { messages, bytes } = made;
  return { messages, messageRate: (messages / took) * 1000, byteRate: (bytes / took) * 1000 };
}

/** The same to a stock server, which follows the member by itself. */
export async function sendToStock(place: Place, stock: Stock, load: Load): Promise<Flow> {
  const sender = openSender(place);
  try {
    const made = await sender.make(load);
    await stock.follow(made.id);
    const { ms: took } = await sender.send({ kind: 'tcp', port: stock.port }, stock.id);
    return flowOf(made, took);
  } finally {
    await sender.close();
  }
}

/**
 * Offers blobs by a new member and waits until the relay has fetched them all.
 * @returns bytes a second
 */
export async function sendBlobs(
  place: Place,
  relay: BenchRelay,
  { count, bytes }: Plan['blobs'],
  over: Way,
): Promise<number> {
  const sender = openSender(place);
  try {
    await sender.make({ feeds: 1, messages: 1 });
    await sender.redeem(relay.ssb, await relay.createInvite());
    const id = (await relay.status()).ssb?.id ?? '';
    const { ms } = await sender.sendBlobs(over, id, count, bytes);
    return (count * bytes * 1000) / ms;
  } finally {
    await sender.close();
  }
}
