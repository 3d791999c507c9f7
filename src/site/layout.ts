import { Html, html } from './html.js';
import { STYLE } from './style.js';

/** Where everything is; no page of ours but the second code page has a `?` in its address. */
export const PATHS = {
  welcome: '/',
  invite: '/invite/',
  /** "reponse" is the specification's spelling. */
  answer: '/invite/invite-captcha-reponse',
} as const;

/** A page ready to be sent. */
export interface Page {
  readonly status: number;
  readonly html: Html;
  /** Seconds after which it makes sense to ask again; becomes Retry-After. */
  readonly retryAfterSeconds?: number;
}

/** What a page is made of. */
export interface PageParts {
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** The relay's name, as the operator wrote it. */
  readonly place: string;
  /** The document's title, whole. */
  readonly title: string;
  /** Where the page moves itself after a moment, if it does. */
  readonly movesTo?: { readonly seconds: number; readonly path: string };
  readonly body: Html;
}

const sheet = new Html(`<style>${STYLE}</style>`);

function refresh(parts: PageParts): Html | undefined {
  if (parts.movesTo === undefined) return undefined;
  const { seconds, path } = parts.movesTo;
  return html`<meta http-equiv="refresh" content="${seconds}; url=${path}">\n`;
}

/**
 * @param parts what is particular to the page
 * @returns the page in the house's frame; status 200 unless told
 */
export function page(parts: PageParts): Page {
  // The empty icon spares each visitor a second request through Tor.
  const document = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
${refresh(parts)}<title>${parts.title}</title>
<link rel="icon" href="data:,">
${sheet}
</head>
<body>
<header><a class="home" href="${PATHS.welcome}"><span class="window" aria-hidden="true"></span><span>${parts.place}</span></a></header>
<main><article>
${parts.body}
</article></main>
<footer><p>No scripts, no visitor log, nobody looking over your shoulder.</p></footer>
</body>
</html>
`;
  const { status = 200, retryAfterSeconds } = parts;
  return { status, html: document, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}
