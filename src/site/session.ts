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
export const SESSION_MS = 15 * 60_000;
const COOKIE = 'snug';

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
 * @returns the middleware; a visitor gets a cookie only when something is remembered
 */
export function sessions(store: Store): RequestHandler {
  return session({
    name: COOKIE,
    secret: randomBytes(32).toString('hex'),
    store,
    resave: false,
    saveUninitialized: false,
    proxy: false,
    cookie: { path: '/invite', httpOnly: true, sameSite: 'strict', secure: false },
  });
}

/** @returns whether the browser sent a cookie of ours back, sound or not */
export function hasCookie(req: Request): boolean {
  return (req.headers.cookie ?? '').split(/; */).some((pair) => pair.startsWith(`${COOKIE}=`));
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
