import ssbKeys from 'ssb-keys';
import type { Keys } from 'ssb-server';
import type { Load } from './plan.js';

/** A signed message, as peers send it. */
export interface SignedMessage {
  readonly author: string;
  readonly sequence: number;
  readonly [field: string]: unknown;
}

/** Feeds made in memory; the first is the member's, whose first messages follow the others. */
export interface Feeds {
  readonly member: Keys;
  /** By author, in order. */
  readonly messages: ReadonlyMap<string, readonly SignedMessage[]>;
  readonly count: number;
  /** Of the messages as JSON. */
  readonly bytes: number;
}

/** A post of some sentences; with its frame a message is about as long as the average one in SSB. */
const TEXT = 'All we say to each other goes from hand to hand, and nobody owns the whole of it. ';
const TEXTS_A_POST = 4;

function post(sequence: number): object {
  return { type: 'post', text: `${sequence}: ${TEXT.repeat(TEXTS_A_POST)}` };
}

function follow(contact: string): object {
  return { type: 'contact', contact, following: true };
}

/** The protocol guide, "Message format": the key is the hash of the JSON, two spaces indented. */
function sign(keys: Keys, contents: readonly object[]): SignedMessage[] {
  let previous: string | null = null;
  return contents.map((content, index) => {
    const body = { previous, sequence: index + 1, author: keys.id };
    const unsigned = { ...body, timestamp: Date.now() + index / 1000, hash: 'sha256', content };
    const message = ssbKeys.signObj(keys, unsigned);
    previous = `%${ssbKeys.hash(JSON.stringify(message, null, 2))}`;
    return message;
  });
}

/** @returns as many feeds and messages as the load says, the follows among them */
export function makeFeeds({ feeds, messages }: Load): Feeds {
  const keys = Array.from({ length: feeds }, () => ssbKeys.generate('ed25519'));
  const [member, ...others] = keys;
  if (member === undefined) throw new Error('a load has at least one feed');
  const made = new Map<string, SignedMessage[]>();
  for (const one of keys) {
    const follows = one === member ? others.map(({ id }) => follow(id)) : [];
    const posts = Array.from({ length: Math.max(0, messages - follows.length) }, (_, i) => post(i));
    made.set(one.id, sign(one, [...follows, ...posts]));
  }
  const all = [...made.values()].flat();
  const bytes = all.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
  return { member, messages: made, count: all.length, bytes };
}
