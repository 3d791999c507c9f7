import { ago } from './duration.js';

/** What the status needs to know of mail; times in milliseconds since 1970. */
export interface MailView {
  readonly queued: number;
  readonly lastSent: number | undefined;
  /** Why mail does not go out, until some does. */
  readonly trouble:
    | { readonly at: number; readonly text: string; readonly hint: string | undefined }
    | undefined;
}

/**
 * @param mail undefined when none is configured
 * @param now in milliseconds since 1970
 * @returns the line of mail for people
 */
export function mailLine(mail: MailView | undefined, now: number): string {
  if (mail === undefined) return 'Mail      no mail';
  const { queued, lastSent, trouble } = mail;
  const sent =
    lastSent === undefined ? 'none sent yet' : `last sent ${ago((now - lastSent) / 1000)}`;
  const waiting = queued === 0 ? '' : `; ${queued} waiting`;
  const failed = trouble === undefined ? '' : `; failed ${ago((now - trouble.at) / 1000)}`;
  return `Mail      ${sent}${waiting}${failed}`;
}

/** @returns what somebody should do about mail, in words */
export function mailTodo(mail: MailView | undefined): string[] {
  const trouble = mail?.trouble;
  return trouble === undefined ? [] : [`Mail: ${trouble.text} ${trouble.hint ?? ''}`.trimEnd()];
}
