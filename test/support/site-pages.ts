import { drawRiddle, type SiteOptions } from '../../src/site/site.js';
import type { Answer, Ask } from './site-client.js';
import { type House, openHouse } from './site-house.js';

export const ANSWER_PATH = '/invite/invite-captcha-reponse';

/** A POST that our form would never send. */
export const odd = (type: string, body: string | Buffer): Ask => ({
  method: 'POST',
  path: ANSWER_PATH,
  headers: { 'Content-Type': type },
  body,
});

export const FORM = 'application/x-www-form-urlencoded';

async function afterRiddle(house: House, answer: string | undefined): Promise<Answer> {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  return visitor.answer(answer ?? house.desk.lastAnswer);
}

async function success(house: House, pages: Map<string, Answer>): Promise<void> {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  pages.set('code', await visitor.answer(house.desk.lastAnswer));
  const next = /url=([^"]+)"/.exec(pages.get('code')?.body ?? '')?.[1] ?? '';
  pages.set('code at its second address', await visitor.get(next));
  pages.set('code without query', await visitor.get(ANSWER_PATH));
  pages.set('sent twice', await visitor.answer('again'));
  pages.set('riddle for one who has a code', await visitor.get('/invite'));
}

async function trouble(house: House, pages: Map<string, Answer>): Promise<void> {
  const anybody = house.visitor();
  pages.set('wrong', await afterRiddle(house, 'nonsense'));
  pages.set('no cookie', await anybody.answer('x'));
  anybody.cookie = 'snug=s%3Aunknown.signature';
  pages.set('gone', await anybody.answer('x'));
  pages.set('no code', await house.visitor().get(ANSWER_PATH));
  pages.set('not found', await anybody.get('/nowhere'));
  pages.set('method', await anybody.ask({ method: 'DELETE', path: '/' }));
  pages.set('no field', await anybody.ask(odd(FORM, 'other=1')));
  pages.set('large body', await anybody.ask(odd(FORM, `captcha=${'a'.repeat(1024)}`)));
  pages.set('other type', await anybody.ask(odd('application/json', '{"captcha":"x"}')));
  house.desk.instead = { outcome: 'over-budget', retryAfterSeconds: 700.2 };
  pages.set('over budget', await afterRiddle(house, undefined));
  house.desk.instead = new Error('the ledger is away');
  pages.set('broken', await afterRiddle(house, undefined));
  house.ready = false;
  pages.set('not ready', await anybody.get('/invite/'));
}

/** @returns every page that the site can show, by a name for tests, with real pictures */
export async function everyPage(changes: Partial<SiteOptions> = {}): Promise<Map<string, Answer>> {
  const house = await openHouse({ draw: drawRiddle, ...changes });
  const pages = new Map<string, Answer>();
  try {
    pages.set('welcome', await house.visitor().get('/'));
    pages.set('riddle', await house.visitor().get('/invite/'));
    await success(house, pages);
    await trouble(house, pages);
  } finally {
    await house.close();
  }
  pages.set('too many', await overLimit());
  return pages;
}

async function overLimit(): Promise<Answer> {
  const house = await openHouse({ limits: { requestsPerMinute: 1, sessions: 9, connections: 9 } });
  try {
    const visitor = house.visitor();
    await visitor.get('/');
    return await visitor.get('/');
  } finally {
    await house.close();
  }
}
