import type { Response } from 'express';
import type { Page } from './layout.js';

/** Sends the page, whole and at once; for HEAD, Node leaves the body out. */
export function sendPage(res: Response, page: Page): void {
  const body = Buffer.from(page.html.text);
  res.status(page.status);
  res.set({ 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': String(body.length) });
  if (page.retryAfterSeconds !== undefined) res.set('Retry-After', String(page.retryAfterSeconds));
  res.end(body);
}

/** Sends a few words for programs. */
export function sendText(res: Response, text: string): void {
  res.set({ 'Content-Type': 'text/plain; charset=utf-8' });
  res.end(text);
}
