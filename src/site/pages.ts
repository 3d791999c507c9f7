import { type Html, html } from './html.js';
import { PATHS, type Page, page } from './layout.js';
import type { Riddle } from './options.js';

/** The line above the form, when something has to be said first. */
export interface Problem {
  readonly status: number;
  /** Short, for the document's title. */
  readonly title: string;
  readonly text: string;
}

/** An answer that did not match. */
export const WRONG: Problem = {
  status: 422,
  title: 'Not quite',
  text: 'That was not what the picture said. Here is a new one; take your time.',
};

/** A riddle that was answered before, or is too old. */
export const GONE: Problem = {
  status: 410,
  title: 'That picture is gone',
  text: 'The picture that you answered is gone: each works once, for 15 minutes. Here is a new one.',
};

/** How long the page with a fresh code stays before it moves itself to its second address. */
const MOVES_AFTER_SECONDS = 2;

const ALT =
  'Six letters and digits, hand-drawn and crossed by lines. Type them into the field below. ' +
  'If you cannot see them, the end of this page says how to get a code without the picture.';

/** @returns the page at `/`: what this place is, and the way to the riddle */
export function welcomePage(place: string): Page {
  const body = html`<h1>Come in</h1>
<p>This is a small, private place on the Tor network: a Scuttlebutt relay, which its people call a
pub. It keeps the posts of its members, so that friends can fetch them while the writer is away.</p>
<p>To become a member you need an invite code. Read a picture and you get one: no name, no mail
address, no account.</p>
<p><a class="button" href="${PATHS.invite}">Ask for an invite code</a></p>
<p class="soft">Nobody writes down who comes by: this place keeps no visitor log. It sets one cookie
when you ask for a code, and forgets it after 15 minutes.</p>`;
  return page({ place, title: place, body });
}

function riddleForm(riddle: Riddle, describedBy: string): Html {
  const source = `data:image/png;base64,${riddle.png.toString('base64')}`;
  return html`<form method="post" action="${PATHS.answer}">
<img class="picture" src="${source}" width="${riddle.width}" height="${riddle.height}" alt="${ALT}">
<label for="captcha">What does the picture say?</label>
<input id="captcha" name="captcha" type="text" inputmode="text" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="${describedBy}">
<p class="hint" id="hint">Six letters and digits; small or capital makes no difference. The picture
works once, for 15 minutes.</p>
<button class="button" type="submit">Get my invite code</button>
</form>`;
}

/**
 * @param riddle is shown as a picture; its answer is not in the page
 * @param view a problem to tell first, and whether this visitor has an earlier code to go back to
 */
export function riddlePage(
  place: string,
  riddle: Riddle,
  view: { readonly problem?: Problem; readonly hasCode: boolean },
): Page {
  const { problem, hasCode } = view;
  const body = html`<h1>One small riddle</h1>
${problem && html`<p class="alert" role="alert" id="problem">${problem.text}</p>`}
${hasCode ? html`<p>You already have a code: <a class="tap" href="${PATHS.answer}">show it again</a>.</p>` : undefined}
${riddleForm(riddle, problem === undefined ? 'hint' : 'problem hint')}
<p class="soft">Too hard to read? <a class="tap" href="${PATHS.invite}">Draw another picture</a>.</p>
<p class="soft">If you cannot see pictures, ask the person who gave you this address: whoever runs
this place can make a code for you by hand.</p>`;
  const title = `${problem?.title ?? 'One small riddle'} · ${place}`;
  return page({ place, title, body, status: problem?.status ?? 200 });
}

/** A code of the visitor's own. */
export interface CodeView {
  readonly code: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** @returns the query that the specification author's client waits for (docs/facts.md): raw base64 */
export function codeQuery(code: string): string {
  return `invite=${Buffer.from(code).toString('base64')}`;
}

/** Codes that name the domain need no Tor. */
function clientFor(code: string): Html {
  return /^[a-z2-7]{56}\.onion:/.test(code)
    ? html`Open a Scuttlebutt client that can dial onion addresses, and let Tor run.`
    : html`Open a Scuttlebutt client.`;
}

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'UTC' });

/**
 * @param view the code; it is the document's whole title, as the specification wants
 * @param moves true: the page moves itself to the same address with {@link codeQuery}
 */
export function codePage(place: string, view: CodeView, moves: boolean): Page {
  const until = new Date(view.expiresAt);
  const body = html`<h1>Here is your invite code</h1>
<p>Select it and copy all of it:</p>
<p><code class="code">${view.code}</code></p>
<h2>What to do with it</h2>
<ol>
<li>${clientFor(view.code)}</li>
<li>Choose “join a pub” or “use an invite”, and paste the code.</li>
<li>This place then follows you and keeps what you publish.</li>
</ol>
<p>It works once, for one person, until
<time datetime="${until.toISOString().slice(0, 16)}Z">${DAY.format(until)}, ${TIME.format(until)} UTC</time>.
Keep it to yourself: whoever uses it first is let in.</p>
<p class="soft">For 15 minutes you find it again at this address, in this browser.</p>`;
  const movesTo = {
    seconds: MOVES_AFTER_SECONDS,
    path: `${PATHS.answer}?${codeQuery(view.code)}`,
  };
  return page({ place, title: view.code, body, ...(moves && { movesTo }) });
}

/**
 * The answer was sent twice and the first of the two got a code, which this page leads to.
 *
 * @returns a page that moves itself to the code at once
 */
export function codeWaitsPage(place: string): Page {
  const body = html`<h1>Your code is ready</h1>
<p>That picture has been answered already, and you got a code for it.</p>
<p><a class="button" href="${PATHS.answer}">Show my invite code</a></p>`;
  const movesTo = { seconds: 0, path: PATHS.answer };
  return page({
    place,
    title: `Your code is ready · ${place}`,
    body,
    status: GONE.status,
    movesTo,
  });
}
