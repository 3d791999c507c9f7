import type { Request, Response } from 'express';
import type { SessionData } from 'express-session';
import { badFormPage, noCodePage, noCookiePage, notReadyPage, overBudgetPage } from './notices.js';
import type { SiteOptions, Solved } from './options.js';
import {
  codePage,
  codeQuery,
  codeWaitsPage,
  GONE,
  type Problem,
  riddlePage,
  WRONG,
} from './pages.js';
import { sendPage } from './send.js';
import { changeSession, hasCookie } from './session.js';

type Needs = Pick<SiteOptions, 'title' | 'desk' | 'ready' | 'draw' | 'clearnet'>;

/** Phones add spaces and capitals of their own; neither is part of an answer. */
function tidy(text: string): string {
  return text.replace(/\s+/g, '').toLowerCase();
}

/** @returns the form's one field, or undefined unless it is there exactly once */
function typedAnswer(body: unknown): string | undefined {
  const captcha = (body as { captcha?: unknown } | undefined)?.captcha;
  return typeof captcha === 'string' ? captcha : undefined;
}

/** The three things a visitor can do below /invite. Each method answers one request. */
export class InviteDoor {
  readonly #needs: Needs;
  /** Attempts under way, by riddle id; as many at most as there are connections. */
  readonly #attempts = new Map<string, Promise<Solved>>();

  /** @param needs the desk, the artist, and whether the relay can take new members */
  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** GET /invite/: a fresh riddle. */
  async show(req: Request, res: Response): Promise<void> {
    const { title, ready } = this.#needs;
    if (!ready()) return sendPage(res, notReadyPage(title));
    await this.#poseAfresh(req, res);
  }

  /** GET /invite/ by the relay itself: the same page, with a riddle that nobody is asked. */
  showOwn(res: Response): void {
    const { title, ready, draw } = this.#needs;
    sendPage(res, ready() ? riddlePage(title, draw(), { hasCode: false }) : notReadyPage(title));
  }

  /** POST of an answer: the one way to a new code. */
  async answer(req: Request, res: Response): Promise<void> {
    const { title, ready, clearnet } = this.#needs;
    if (!ready()) return sendPage(res, notReadyPage(title));
    if (!hasCookie(req, clearnet !== undefined)) return sendPage(res, noCookiePage(title));
    const typed = typedAnswer(req.body);
    if (typed === undefined) return sendPage(res, badFormPage(title, 400));
    const { riddle } = req.session;
    const solved: Solved =
      riddle === undefined ? { outcome: 'gone' } : await this.#attempt(req, riddle, tidy(typed));
    await this.#tell(req, res, solved);
  }

  /** GET of the visitor's own code, with the query that a web view waits for or without. */
  again(req: Request, res: Response): void {
    const { title } = this.#needs;
    const { granted } = req.session;
    const mark = req.originalUrl.indexOf('?');
    const query = mark < 0 ? undefined : req.originalUrl.slice(mark + 1);
    const asked = query === undefined || query === codeQuery(granted?.code ?? '');
    const page =
      granted !== undefined && asked
        ? codePage(title, granted, query === undefined)
        : noCodePage(title);
    sendPage(res, page);
  }

  async #poseAfresh(req: Request, res: Response, problem?: Problem): Promise<void> {
    const { title, desk, draw } = this.#needs;
    const riddle = draw();
    const id = desk.pose(tidy(riddle.answer));
    await changeSession(req, (data) => {
      data.riddle = id;
    });
    const hasCode = req.session.granted !== undefined;
    sendPage(res, riddlePage(title, riddle, { ...(problem && { problem }), hasCode }));
  }

  /**
   * A form sent twice, as thumbs do, must not lose the code that the first sending gets: the second
   * waits for the first and is then told that the riddle is gone.
   */
  async #attempt(req: Request, riddle: string, text: string): Promise<Solved> {
    const first = this.#attempts.get(riddle);
    if (first !== undefined) {
      await first.catch(() => undefined);
      return { outcome: 'gone' };
    }
    const attempt = this.#solveAndRemember(req, riddle, text);
    this.#attempts.set(riddle, attempt);
    try {
      return await attempt;
    } finally {
      this.#attempts.delete(riddle);
    }
  }

  /** The code is in the session before anything is sent, so that a lost answer loses no code. */
  async #solveAndRemember(req: Request, riddle: string, text: string): Promise<Solved> {
    const solved = await this.#needs.desk.solve(riddle, text);
    await changeSession(req, (data: SessionData) => {
      if (data.riddle === riddle) delete data.riddle;
      if (solved.outcome !== 'code') return;
      data.granted = { code: solved.code, expiresAt: solved.expiresAt };
    });
    return solved;
  }

  async #tell(req: Request, res: Response, solved: Solved): Promise<void> {
    const { title } = this.#needs;
    switch (solved.outcome) {
      case 'code':
        return sendPage(res, codePage(title, solved, true));
      case 'over-budget':
        return sendPage(res, overBudgetPage(title, solved.retryAfterSeconds));
      case 'wrong':
        return this.#poseAfresh(req, res, WRONG);
      case 'gone':
        return this.#tellGone(req, res);
    }
  }

  /** Reads the session anew: the code may have come while this request waited. */
  async #tellGone(req: Request, res: Response): Promise<void> {
    await changeSession(req, () => undefined);
    const { granted, riddle } = req.session;
    // With another riddle open, the visitor has gone on to ask for one more code.
    if (granted !== undefined && riddle === undefined) {
      return sendPage(res, codeWaitsPage(this.#needs.title));
    }
    await this.#poseAfresh(req, res, GONE);
  }
}
