import ssbKeys from 'ssb-keys';
import type { SignedValue } from 'ssb-server';
import { asFeedId } from '../../support/feed-id.js';

/** The words of ssb-validate 4.1 (index.js) and what they come to. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /different previous|must have previous/,
    'It is forked: the message does not follow the one before it here.',
  ],
  [/invalid signature/, 'The message is not signed by the feed.'],
  [/larger than 8192/, 'The message is larger than 8 kB.'],
  [/allowed order|invalid properties/, 'The message is not in the form that SSB prescribes.'],
  [/type must be|content/, 'The content of the message has no proper type.'],
];
const OTHER_REASON = 'The message breaks the rules of SSB.';

/** A message that does not go on where the feed ends, which is no fault of the feed. */
const OUT_OF_ORDER = /expected sequence/;

/** @returns whether ssb-db's error only says that the message comes too early or again */
export function isOutOfOrder(error: Error): boolean {
  return OUT_OF_ORDER.test(error.message);
}

/** @returns ssb-db's error as a sentence; its own text may quote the message */
export function reasonOf(error: Error): string {
  return REASONS.find(([words]) => words.test(error.message))?.[1] ?? OTHER_REASON;
}

/**
 * @param value what a peer sent: a message, or `{key, value, timestamp}` around one
 * @returns the message if it has the parts that everything rests on
 */
export function asSigned(value: unknown): SignedValue | undefined {
  const sent = value as { value?: unknown; author?: unknown } | null | undefined;
  const message = (sent?.author === undefined ? sent?.value : sent) as SignedValue | undefined;
  const { author, sequence } = message ?? {};
  if (asFeedId(author) === undefined) return undefined;
  return Number.isSafeInteger(sequence) && Number(sequence) > 0 ? message : undefined;
}

/** @returns whether the feed has really signed this, valid or not */
export function isSigned(message: SignedValue): boolean {
  try {
    return ssbKeys.verifyObj({ public: message.author.slice(1) }, null, message);
  } catch {
    return false;
  }
}
