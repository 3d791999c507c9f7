import { type Html, html } from './html.js';
import { PATHS, type Page, page } from './layout.js';

/** How long until it makes sense to look whether the relay is ready. */
const NOT_READY_SECONDS = 30;

interface Notice {
  readonly status: number;
  readonly heading: string;
  readonly text: Html;
  readonly retryAfterSeconds?: number;
}

const toRiddle = html`<p><a class="button" href="${PATHS.invite}">Go to the riddle</a></p>`;

function notice(place: string, { heading, text, ...rest }: Notice): Page {
  const body = html`<h1>${heading}</h1>
${text}`;
  return page({ place, title: `${heading} · ${place}`, body, ...rest });
}

function duration(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (seconds < 60) return seconds <= 1 ? 'a second' : `${Math.ceil(seconds)} seconds`;
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

/** The answer came without our cookie: nothing tells which riddle it belongs to. */
export const noCookiePage = (place: string): Page =>
  notice(place, {
    status: 403,
    heading: 'The cookie is missing',
    text: html`<p>Your picture is remembered with one small cookie, and your browser did not send it
back. Allow cookies for this address, then start with a new picture.</p>
${toRiddle}`,
  });

/** Asked for a code that this visitor does not have. */
export const noCodePage = (place: string): Page =>
  notice(place, {
    status: 403,
    heading: 'No code here',
    text: html`<p>There is no invite code for you at this address. A code is shown for 15 minutes, in
the browser that asked for it. After that, ask for a new one.</p>
${toRiddle}`,
  });

/** @param seconds until the desk's budget has room again */
export const overBudgetPage = (place: string, seconds: number): Page =>
  notice(place, {
    status: 429,
    retryAfterSeconds: Math.max(1, Math.ceil(seconds)),
    heading: 'No codes left for now',
    text: html`<p>This place hands out only so many codes in an hour, and they are gone. You did
nothing wrong. Come back in about ${duration(seconds)} and read a new picture.</p>
${toRiddle}`,
  });

/** @param seconds until this circuit may ask again */
export const tooManyRequestsPage = (place: string, seconds: number): Page =>
  notice(place, {
    status: 429,
    retryAfterSeconds: seconds,
    heading: 'One thing at a time',
    text: html`<p>Too many requests came from you in a short time. Wait about ${duration(seconds)},
then go on.</p>
${toRiddle}`,
  });

/** The relay is starting, or has lost what it needs to take a new member. */
export const notReadyPage = (place: string): Page =>
  notice(place, {
    status: 503,
    retryAfterSeconds: NOT_READY_SECONDS,
    heading: 'Not open yet',
    text: html`<p>This place is still getting ready and cannot give out codes. Try again in a minute.
</p>
${toRiddle}`,
  });

export const notFoundPage = (place: string): Page =>
  notice(place, {
    status: 404,
    heading: 'Nothing here',
    text: html`<p>There is no page at this address.</p>
<p><a class="button" href="${PATHS.welcome}">Go to the entrance</a></p>`,
  });

export const methodPage = (place: string): Page =>
  notice(place, {
    status: 405,
    heading: 'Not this way',
    text: html`<p>This address cannot be used in that way.</p>
${toRiddle}`,
  });

/** @param status 400, 413 or 415: the form did not arrive as our page sends it */
export const badFormPage = (place: string, status: number): Page =>
  notice(place, {
    status,
    heading: status === 413 ? 'That was too much' : 'That did not arrive well',
    text: html`<p>What your browser sent is not what the form on our page sends. No code was made.
Try it from the riddle.</p>
${toRiddle}`,
  });

/** @param reference stands in the relay's log too, so that the operator can find the cause */
export const brokenPage = (place: string, reference: string): Page =>
  notice(place, {
    status: 500,
    heading: 'Something broke',
    text: html`<p>That is our fault, not yours. Try again; if it stays like this, tell whoever runs
this place the reference <strong>${reference}</strong>. It says nothing about you.</p>
${toRiddle}`,
  });
