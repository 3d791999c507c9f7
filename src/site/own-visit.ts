import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Carries the secret on the way in, and the word below on the way out. */
const HEADER = 'snug-visit';
const WELCOME = 'own';

/** An answer of the site, as the visiting side got it. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * How the site tells the relay's visits to itself from others. Such a visit sees the riddle page
 * like anybody, but its riddle is not posed: it opens no session and is counted nowhere. The secret
 * is made anew at each start, so a second relay with the same onion keys cannot answer to it.
 */
export class OwnVisit {
  readonly #secret = randomBytes(32).toString('base64url');
  #others = 0;

  /** What the visit sends along. */
  get headers(): Readonly<Record<string, string>> {
    return { [HEADER]: this.#secret };
  }

  /** What the answer to such a visit carries. */
  readonly welcome: Readonly<Record<string, string>> = { [HEADER]: WELCOME };

  /** Requests of others so far. */
  get others(): number {
    return this.#others;
  }

  /** @returns whether a request with these headers is ours */
  isOwn(headers: IncomingHttpHeaders): boolean {
    const sent = Buffer.from(String(headers[HEADER] ?? ''));
    const secret = Buffer.from(this.#secret);
    return sent.length === secret.length && timingSafeEqual(sent, secret);
  }

  /** Counts a request, unless it is ours. */
  count(headers: IncomingHttpHeaders): void {
    if (!this.isOwn(headers)) this.#others += 1;
  }

  /** @returns why that is not our riddle page; undefined when it is */
  check({ status, headers, body }: OwnAnswer): string | undefined {
    if (status !== 200) return `the answer has status ${status}`;
    if (headers[HEADER] !== WELCOME) return 'another relay or program answers there';
    return body.includes('name="captcha"') ? undefined : 'there is no riddle on the page';
  }
}
