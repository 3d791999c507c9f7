import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { HtmlValidate } from 'html-validate';
import { CODE } from '../support/site-house.js';
import { everyPage } from '../support/site-pages.js';

const pages = await everyPage();

const STATUS: Record<string, number> = {
  welcome: 200,
  riddle: 200,
  code: 200,
  'code at its second address': 200,
  'code without query': 200,
  'sent twice': 410,
  'riddle for one who has a code': 200,
  wrong: 422,
  'no cookie': 403,
  gone: 410,
  'no code': 403,
  'not found': 404,
  method: 405,
  'no field': 400,
  'large body': 413,
  'other type': 415,
  'over budget': 429,
  broken: 500,
  'not ready': 503,
  'too many': 429,
};

/** The code as title and the client that waits for a second address are what the issue asks for. */
const validator = new HtmlValidate({
  root: true,
  extends: ['html-validate:recommended', 'html-validate:a11y'],
  rules: { 'long-title': 'off', 'meta-refresh': 'off' },
});

test('every page has the status that says what happened', () => {
  const seen = Object.fromEntries([...pages].map(([name, page]) => [name, page.status]));
  assert.deepEqual(seen, STATUS);
});

test('only the pages of a code have a code for their title, and nothing else in it', () => {
  const titled = [...pages].filter(([, page]) => page.title === CODE).map(([name]) => name);
  assert.deepEqual(titled, ['code', 'code at its second address', 'code without query']);
  const telling = [...pages].filter(([, page]) => page.body.includes('.onion:')).map(([n]) => n);
  assert.deepEqual(telling, titled);
});

for (const [name, page] of pages) {
  test(`page "${name}" is valid, accessible HTML`, async () => {
    const report = await validator.validateString(page.body);
    const messages = report.results.flatMap((result) => result.messages);
    assert.deepEqual(messages, []);
    assert.match(page.body, /^<!DOCTYPE html>\n<html lang="en">/);
    assert.match(page.body, /<meta name="viewport" content="width=device-width, initial-scale=1">/);
    assert.equal(page.body.match(/<h1>/g)?.length, 1);
  });

  test(`page "${name}" loads nothing, runs nothing and stays small`, () => {
    assert.doesNotMatch(page.body, /<script|<svg|<iframe|<object|javascript:|\son\w+=|\sstyle=/i);
    const addresses = [...page.body.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(([, a]) => a);
    for (const address of addresses) {
      assert.match(address ?? '', /^(\/[a-z/-]*|data:,|data:image\/png;base64,[A-Za-z0-9+/=]+)$/);
    }
    assert.ok(Buffer.byteLength(page.body) <= 40_000, `${page.body.length} bytes`);
  });

  test(`page "${name}" carries every security header and tells nothing of the server`, () => {
    const policy = String(page.headers['content-security-policy']);
    const sheet = /<style>([^<]*)<\/style>/.exec(page.body)?.[1] ?? '';
    const hash = createHash('sha256').update(sheet).digest('base64');
    assert.equal(
      policy,
      `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; form-action 'self'; ` +
        "base-uri 'none'; frame-ancestors 'none'",
    );
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.equal(page.headers['referrer-policy'], 'no-referrer');
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(page.headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.ok(page.headers['permissions-policy']?.includes('camera=()'));
    for (const absent of ['server', 'x-powered-by', 'date', 'etag', 'last-modified']) {
      assert.equal(page.headers[absent], undefined, absent);
    }
  });
}

test('only the code and the page that leads to it move by themselves', () => {
  const moving = [...pages].filter(([, page]) => page.body.includes('http-equiv="refresh"'));
  assert.deepEqual(
    moving.map(([name]) => name),
    ['code', 'code without query', 'sent twice'],
  );
});

test('pages with a riddle show a labelled field and a picture whose text does not give it away', () => {
  for (const name of ['riddle', 'wrong', 'gone', 'riddle for one who has a code']) {
    const body = pages.get(name)?.body ?? '';
    assert.match(body, /<form method="post" action="\/invite\/invite-captcha-reponse">/);
    assert.match(body, /<label for="captcha">/);
    assert.match(body, /<img [^>]*alt="Six letters and digits,[^"]{80,}"/);
    const input = /<input [^>]*>/.exec(body)?.[0] ?? '';
    assert.match(input, /name="captcha".*inputmode="text" required.*autocomplete="off"/);
    assert.match(input, /autocapitalize="none" spellcheck="false"/);
    assert.doesNotMatch(input, /value=/);
  }
});

test('a problem is announced and tied to the field', () => {
  for (const name of ['wrong', 'gone']) {
    const body = pages.get(name)?.body ?? '';
    assert.match(body, /<p class="alert" role="alert" id="problem">/);
    assert.match(body, /aria-describedby="problem hint"/);
  }
});

test('answers that will be different later say when', () => {
  assert.equal(pages.get('over budget')?.headers['retry-after'], '701');
  assert.equal(pages.get('not ready')?.headers['retry-after'], '30');
  assert.equal(pages.get('too many')?.headers['retry-after'], '120');
  assert.match(pages.get('over budget')?.body ?? '', /about 12 minutes/);
});

test("the operator's title is escaped wherever it stands", () => {
  for (const page of pages.values()) {
    assert.match(page.body, /The Snug &amp; Co &lt;test&gt;/);
    assert.doesNotMatch(page.body, /<test>/);
  }
});

test('the code says until when it works, in UTC, and can be selected whole', () => {
  const body = pages.get('code')?.body ?? '';
  assert.match(body, /<time datetime="2027-03-05T14:07Z">5 March 2027, 14:07 UTC<\/time>/);
  assert.match(body, /<code class="code">[^<]+<\/code>/);
  assert.match(body, /\.code\{[^}]*overflow-wrap:anywhere[^}]*user-select:all/);
});
