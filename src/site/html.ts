/** Text that is HTML already; everything else is escaped when it enters a page. */
export class Html {
  /** @param text sound HTML, written by us */
  constructor(readonly text: string) {}
}

/** What may stand in a template: absent values leave nothing behind. */
export type HtmlValue = Html | string | number | undefined | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * @param text anything
 * @returns the same text, safe between tags and in quoted attributes
 */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '');
}

function render(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map((part) => part.text).join('');
  return escapeHtml(String(value));
}

/**
 * Template tag: html`<p>${text}</p>`. Values are escaped unless they are {@link Html}.
 *
 * @returns the finished piece of HTML
 */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(render)));
}
