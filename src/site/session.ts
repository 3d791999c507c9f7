import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import session, { type SessionData, Store } from 'express-session';
import { LRUCache } from 'lru-cache';

declare module 'express-session' {
  interface SessionData {
    /** Id of the riddle that waits for this visitor's answer. */
    riddle?: string;
    /** The code that this visitor got; `expiresAt` is in milliseconds since 1970. */
    granted?: { readonly code: string; readonly expiresAt: number };
  }
}

/** How long a session lives after it was last written. */
const SESSION_MS = 15 * 60_000;

/** Behind the onion there is no TLS, and browsers would not send a Secure cookie back. */
const PLAIN = { name: 'snug', cookie: { path: '/invite', secure: false } };
/** `__Host-` (RFC 6265bis, 4.1.3.2): nobody but this very host can have set it, and only by HTTPS. */
const SECURE = { name: '__Host-snug', cookie: { path: '/', secure: true } };

const kindOf = (secure: boolean) => (secure ? SECURE : PLAIN);

/** Sessions in memory, bounded in number and in time; nothing is ever written to disk. */
export class BoundedStore extends Store {
  readonly #sessions: LRUCache<string, string>;

  /**
   * @param most sessions at once; the one unused for longest makes room
   * @param now milliseconds
   */
  constructor(most: number, now: () => number) {
    super();
    this.#sessions = new LRUCache({ max: most, ttl: SESSION_MS, ttlResolution: 0, perf: { now } });
  }

  /** Answers at once, which {@link changeSession} relies on; each caller gets its own copy. */
  get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const stored = this.#sessions.get(id);
    callback(null, stored === undefined ? null : (JSON.parse(stored) as SessionData));
  }

  set(id: string, session: SessionData, callback?: (error?: unknown) => void): void {
    this.#sessions.set(id, JSON.stringify(session));
    callback?.();
  }

  destroy(id: string, callback?: (error?: unknown) => void): void {
    this.#sessions.delete(id);
    callback?.();
  }
}

/**
 * The cookie names no end: the store forgets after 15 minutes, and an end given as a date would be
 * in the past, or tell our clock, when a board without a clock chip has the time wrong.
 *
 * @param store where sessions live
 * @param secure whether visitors come by HTTPS; the proxy says so in X-Forwarded-Proto
 * @returns the middleware; a visitor gets a cookie only when something is remembered
 */
export function sessions(store: Store, secure: boolean): RequestHandler {
  const { name, cookie } = kindOf(secure);
  return session({
    name,
    secret: randomBytes(32).toString('hex'),
    store,
    resave: false,
    saveUninitialized: false,
    proxy: secure,
    cookie: { ...cookie, httpOnly: true, sameSite: 'strict' },
  });
}

/** @returns whether the browser sent a cookie of ours back, sound or not */
export function hasCookie(req: Request, secure: boolean): boolean {
  const { name } = kindOf(secure);
  return (req.headers.cookie ?? '').split(/; */).some((pair) => pair.startsWith(`${name}=`));
}

/**
 * Changes the session as it is now, not as it was when the request came: meanwhile another request
 * of the same visitor may have written a code into it. Resolves when the change is stored.
 */
export function changeSession(req: Request, change: (data: SessionData) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // A session that is not stored, or no longer, cannot be read anew: what we hold is then right.
    req.session.reload(() => {
      change(req.session);
      req.session.save((error) => (error ? reject(error) : resolve()));
    });
  });
}
