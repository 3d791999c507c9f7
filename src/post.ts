import type { Health } from './health.js';
import type { InviteDesk, InviteWish } from './invites/desk.js';
import { TIMINGS } from './mail/limits.js';
import { type InviteOnItsWay, Mail, type MailStatus, type MailTrouble } from './mail/mail.js';
import type { MailSettings } from './mail/settings.js';
import type { Ground } from './rooms.js';
import { numbersOf } from './status/numbers.js';
import { SYSTEM_CLOCK } from './support/clock.js';
import { hintOf, messageOf, SnugError } from './support/errors.js';
import type { Service } from './support/lifecycle.js';
import type { TorStatus } from './tor/status.js';
import type { Tor } from './tor/tor.js';

/**
 * Tor carries connections before the onion address is published, and that takes seconds. When it
 * does not come about, somebody must be told all the same.
 */
const PUBLISHING_PATIENCE_MS = 120_000;

/** The rooms that mail is about. */
export interface PostParts {
  readonly tor: Pick<Tor, 'socksPath' | 'host' | 'status' | 'onChange'>;
  readonly health: Pick<Health, 'conditions' | 'status' | 'look'>;
  readonly desk: () => Pick<InviteDesk, 'create' | 'revoke'>;
}

/** Mail, between Tor, the relay's health and the desk; without any in the configuration, nothing. */
export class Post implements Service {
  readonly #ground: Ground;
  readonly #parts: PostParts;
  #mail: Mail | undefined;
  /** Why there is none, and since when. */
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #endings: (() => void)[] = [];

  constructor(ground: Ground, parts: PostParts) {
    this.#ground = ground;
    this.#parts = parts;
  }

  /**
   * Opens the queue, once Tor knows the onion host. A queue that cannot be opened costs mail and not
   * the relay; the status tells it.
   */
  async start(): Promise<void> {
    const settings = this.#ground.config.mail;
    if (settings === undefined) return;
    this.#failure = undefined;
    try {
      this.#mail = await this.#open(settings);
    } catch (error) {
      this.#failure = { error, at: Date.now() };
      this.#ground.log.room('mail').error(`There is no mail: ${messageOf(error)}`);
      return;
    }
    this.#endings = [this.#followTor(this.#mail)];
  }

  async stop(): Promise<void> {
    for (const end of this.#endings.splice(0)) end();
    await this.#mail?.close();
    this.#mail = undefined;
  }

  /** @returns for the status; undefined when no mail is configured */
  status(): MailStatus | undefined {
    if (this.#ground.config.mail === undefined) return undefined;
    return this.#mail?.status() ?? { queued: 0, lastSent: undefined, trouble: this.#trouble() };
  }

  /** Sends a mail to the operator now. @throws SnugError NO_MAIL, or see {@link Mail.test} */
  async test(): Promise<void> {
    await this.#ready().test();
  }

  /**
   * @param to what the operator typed
   * @param wish as for any code
   * @throws SnugError NO_MAIL, or see {@link Mail.invite}
   */
  invite(to: string, wish: InviteWish): Promise<InviteOnItsWay> {
    const desk = this.#parts.desk();
    return this.#ready().invite(to, {
      create: () => desk.create(wish),
      revoke: (id) => desk.revoke(id),
    });
  }

  #trouble(): MailTrouble | undefined {
    if (this.#failure === undefined) return undefined;
    const { error, at } = this.#failure;
    return { at, text: messageOf(error), hint: hintOf(error) };
  }

  #ready(): Mail {
    if (this.#mail !== undefined) return this.#mail;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#ground.config.mail === undefined) {
      throw new SnugError('NO_MAIL', 'No mail is configured.', {
        hint: 'Fill in [mail] in the configuration, and start the relay again.',
      });
    }
    throw new SnugError('NOT_READY', 'The relay is still starting.', {
      hint: 'Wait until "snug status" says that it is well, then try again.',
    });
  }

  async #open(settings: MailSettings): Promise<Mail> {
    // nodemailer takes 14 MB, which a relay without mail need not spend.
    const { Smtp } = await import('./mail/smtp.js');
    const { paths, log } = this.#ground;
    const { tor, health } = this.#parts;
    const now = Date.now;
    const smtp = new Smtp({ settings, socks: tor.socksPath, timings: TIMINGS, now });
    return Mail.open({
      settings,
      folder: paths.mail,
      send: (letter, signal, deadline) => smtp.send(letter, signal, deadline),
      url: `http://${tor.host}/invite/`,
      conditions: () => health.conditions,
      numbers: () => numbersOf(health.status()),
      clock: SYSTEM_CLOCK,
      log: log.room('mail'),
    });
  }

  /** Has mail go out while Tor carries connections. @returns ends that */
  #followTor(mail: Mail): () => void {
    const { tor, health } = this.#parts;
    let state: string | undefined;
    let cancel = () => {};
    const online = () => {
      const then = state;
      // What is wrong is looked at first: that Tor was away may be over.
      void health.look().then(() => {
        if (state === then) mail.setOnline(true);
      });
    };
    const tell = (status: TorStatus) => {
      if (status.state === state) return;
      state = status.state;
      cancel();
      cancel = () => {};
      if (state === 'published') online();
      else if (state === 'publishing') cancel = SYSTEM_CLOCK.after(PUBLISHING_PATIENCE_MS, online);
      else mail.setOnline(false);
    };
    tell(tor.status());
    const unsubscribe = tor.onChange(tell);
    return () => {
      unsubscribe();
      cancel();
      state = undefined;
    };
  }
}
