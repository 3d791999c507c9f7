import express, { type Express, type RequestHandler } from 'express';
import type { Verdict } from './circuits.js';
import { clearnetGate } from './clearnet.js';
import { failures } from './failures.js';
import { SECURITY_HEADERS } from './headers.js';
import { InviteDoor } from './invite.js';
import { PATHS } from './layout.js';
import { badFormPage, methodPage, notFoundPage, tooManyRequestsPage } from './notices.js';
import type { SiteOptions } from './options.js';
import type { OwnVisit } from './own-visit.js';
import { welcomePage } from './pages.js';
import { sendPage, sendText } from './send.js';
import { BoundedStore, sessions } from './session.js';

const FORM = 'application/x-www-form-urlencoded';
const ROBOTS = 'User-agent: *\nDisallow: /\n';

/** Tells who may go on: by circuit, or by address. */
export interface Limits {
  /** @returns the verdict on one more request, which is counted */
  judge(req: express.Request): Verdict;
}

function limited({ title, cutOff }: SiteOptions, limits: Limits, own: OwnVisit): RequestHandler {
  return (req, res, next) => {
    own.count(req.headers);
    const verdict = limits.judge(req);
    if (verdict.kind === 'serve') return next();
    if (verdict.kind === 'wait') {
      return sendPage(res, tooManyRequestsPage(title, verdict.retryAfterSeconds));
    }
    if (verdict.circuit !== undefined) cutOff(verdict.circuit);
    req.socket.destroy();
  };
}

/** The form's own type and no other, 1 kB at most, never compressed. */
function formOnly(place: string): RequestHandler[] {
  const refuse: RequestHandler = (req, res, next) => {
    if (req.is(FORM) === FORM) return next();
    res.set('Connection', 'close');
    sendPage(res, badFormPage(place, 415));
  };
  const limits = { type: FORM, limit: 1024, parameterLimit: 8, extended: false, inflate: false };
  return [refuse, express.urlencoded(limits)];
}

function onlyMethods(place: string, allow: string): RequestHandler {
  return (_req, res) => {
    res.set('Allow', allow);
    sendPage(res, methodPage(place));
  };
}

/** An application that says nothing of itself and takes nothing from proxies or queries. */
function bareApplication(): Express {
  const app = express();
  for (const setting of ['x-powered-by', 'etag', 'trust proxy', 'query parser']) {
    app.set(setting, false);
  }
  app.enable('strict routing').enable('case sensitive routing');
  return app;
}

/**
 * @param options what the site is told
 * @param limits judges each request by who sends it, before anything else looks at it
 * @param own knows the relay's visits to itself
 * @returns the application: every address of the site and what it answers to
 */
export function routes(options: SiteOptions, limits: Limits, own: OwnVisit): Express {
  const { title, clearnet } = options;
  const app = bareApplication();
  const door = new InviteDoor(options);
  const session = sessions(
    new BoundedStore(options.limits.sessions, options.now),
    clearnet !== undefined,
  );
  const readOnly = onlyMethods(title, 'GET, HEAD');

  app.use((_req, res, next) => {
    res.set(SECURITY_HEADERS);
    next();
  });
  if (clearnet !== undefined) app.use(clearnetGate(clearnet));
  app.use(limited(options, limits, own));
  app
    .route(PATHS.welcome)
    .get((_req, res) => sendPage(res, welcomePage(title)))
    .all(readOnly);
  app
    .route(['/invite', PATHS.invite])
    .get((req, res, next) => {
      if (!own.isOwn(req.headers)) return next();
      res.set(own.welcome);
      door.showOwn(res);
    })
    .get(session, (req, res) => door.show(req, res))
    .all(readOnly);
  app
    .route(PATHS.answer)
    .get(session, (req, res) => door.again(req, res))
    .post(formOnly(title), session, (req: express.Request, res: express.Response) =>
      door.answer(req, res),
    )
    .all(onlyMethods(title, 'GET, HEAD, POST'));
  app
    .route('/favicon.ico')
    .get((_req, res) => void res.status(204).end())
    .all(readOnly);
  app
    .route('/robots.txt')
    .get((_req, res) => sendText(res, ROBOTS))
    .all(readOnly);
  app.use((_req, res) => sendPage(res, notFoundPage(title)));
  app.use(failures(title, options.log));
  return app;
}
