import ssbKeys from 'ssb-keys';
import type { Keys, SignedValue } from 'ssb-server';

/** A message as the client in docs/facts.md sends it, and as ssb-db keeps it. */
export interface Kept {
  readonly key: string;
  readonly value: SignedValue;
  readonly timestamp: number;
}

/** A feed written by hand, so that a test can also write it wrong. */
export class SignedFeed {
  readonly keys: Keys;
  readonly messages: Kept[] = [];

  constructor(keys: Keys = ssbKeys.generate('ed25519')) {
    this.keys = keys;
  }

  /** @returns the key of an invite code, as if it were a feed's */
  static ofCode(code: string): SignedFeed {
    const seed = Buffer.from(code.slice(code.indexOf('~') + 1), 'base64');
    return new SignedFeed(ssbKeys.generate('ed25519', seed));
  }

  get id(): string {
    return this.keys.id;
  }

  /** @returns a message in the feed's name that goes on where `after` messages end */
  write(content: object, after = this.messages.length, wrong: Partial<SignedValue> = {}): Kept {
    const unsigned = {
      previous: this.messages[after - 1]?.key ?? null,
      sequence: after + 1,
      author: this.keys.id,
      timestamp: 1_700_000_000_000 + after,
      hash: 'sha256',
      content,
      ...wrong,
    };
    const value = { ...ssbKeys.signObj(this.keys, null, unsigned), ...wrong };
    const key = `%${ssbKeys.hash(JSON.stringify(value, null, 2))}`;
    return { key, value, timestamp: unsigned.timestamp };
  }

  /** Goes on with a valid message. */
  post(text: string): Kept {
    const message = this.write({ type: 'post', text });
    this.messages.push(message);
    return message;
  }

  /** Goes on with a follow. */
  follow(contact: string): Kept {
    const message = this.write({ type: 'contact', contact, following: true });
    this.messages.push(message);
    return message;
  }
}
