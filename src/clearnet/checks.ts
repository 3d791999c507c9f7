import type { Socket } from 'node:net';
import { messageOf } from '../support/errors.js';
import { isPrivateAddress } from './private-address.js';
import type { Outside } from './through-tor.js';
import { headOf, shakeHands, staysOpen } from './visit.js';

/** How one thing stands: fine, worth a look, or not working. */
export type CheckState = 'ok' | 'look' | 'failed';

/** One thing that was checked. */
export interface Check {
  readonly name: 'dns' | 'port' | 'certificate' | 'page' | 'redirect' | 'ssb';
  readonly state: CheckState;
  /** What was found, a sentence. */
  readonly what: string;
  /** What to do about it, a sentence; there unless all is well. */
  readonly hint?: string;
}

/** What the checks look at, and with. */
export interface CheckPlan {
  readonly domain: string;
  /** The page that Onion-Location must name, to know that it is this relay that answers. */
  readonly onionPage: string;
  readonly ports: { readonly http: number; readonly https: number };
  /** Where SSB is offered; undefined when it is not. */
  readonly ssbPort: number | undefined;
  readonly outside: Outside;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For each check, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long an SSB connection must stay open, in milliseconds. */
  readonly patienceMs?: number;
  /** Authorities to trust instead of the usual ones, PEM. */
  readonly ca?: string;
}

const TIMEOUT_MS = 45_000;
const PATIENCE_MS = 3_000;
const DAY_MS = 86_400_000;
/** Let's Encrypt's certificates are renewed 30 days before their end: fewer than 14 means trouble. */
const SOON_DAYS = 14;
const START_PROXY = 'Is the proxy up? "systemctl status snug-clearnet" tells, on that machine.';

type Found = Omit<Check, 'name'>;

const ok = (what: string): Found => ({ state: 'ok', what });
const look = (what: string, hint: string): Found => ({ state: 'look', what, hint });
const failed = (what: string, hint: string): Found => ({ state: 'failed', what, hint });

function deadline({ timeoutMs = TIMEOUT_MS }: CheckPlan): AbortSignal {
  return AbortSignal.timeout(timeoutMs);
}

/**
 * Connects and does something with the connection, both within the time of one check: the control
 * socket waits for the answer to all of them.
 */
async function onConnection<T>(
  plan: CheckPlan,
  port: number,
  work: (socket: Socket) => Promise<T>,
): Promise<T> {
  const signal = deadline(plan);
  const socket = await plan.outside.connect(plan.domain, port, signal);
  const abandon = () => socket.destroy(new Error('it took too long'));
  signal.addEventListener('abort', abandon, { once: true });
  try {
    return await work(socket);
  } finally {
    signal.removeEventListener('abort', abandon);
    socket.destroy();
  }
}

/** @returns whether the domain's DNS has an address that can be reached from outside */
export async function checkDns(plan: CheckPlan): Promise<Check> {
  const { domain, outside } = plan;
  const find = async (): Promise<Found> => {
    const address = await outside.resolve(domain, deadline(plan));
    if (!isPrivateAddress(address)) return ok(`${domain} has the address ${address}.`);
    const hint = "Enter the address that your provider gave you, not that of your own network's.";
    return failed(`${domain} has the private address ${address}.`, hint);
  };
  const found = await find().catch((error: unknown) =>
    failed(
      `${domain} has no address: ${messageOf(error)}.`,
      'Make an A or AAAA record for it with your DNS provider; a new one may need an hour.',
    ),
  );
  return { name: 'dns', ...found };
}

function judgeCertificate(distrust: string | undefined, daysLeft: number, domain: string): Found {
  if (distrust !== undefined) {
    return failed(
      `Browsers do not trust the certificate that ${domain} shows (${distrust}).`,
      'With tls = "acme", see "journalctl -u snug-clearnet" for why there is none yet; with "files", renew them.',
    );
  }
  const words = `The certificate of ${domain} is good for ${Math.floor(daysLeft)} more days.`;
  if (daysLeft >= SOON_DAYS) return ok(words);
  return look(words, 'It should have been renewed by now: see "journalctl -u snug-clearnet".');
}

/** What one HTTPS connection tells. */
interface Https {
  readonly port: Found;
  readonly certificate: Found;
  readonly page: Found;
}

const NOT_SEEN = look('Not looked at, for lack of a connection.', 'Mend the connection first.');

async function visit(plan: CheckPlan): Promise<Https> {
  const { domain, ports, now, ca } = plan;
  return onConnection(plan, ports.https, async (socket) => {
    const shown = await shakeHands(socket, domain, ca);
    const daysLeft = (shown.validUntil - now()) / DAY_MS;
    return {
      port: ok(`Port ${ports.https} of ${domain} speaks HTTPS.`),
      certificate: judgeCertificate(shown.distrust, daysLeft, domain),
      page: await seePage(plan, () => headOf(shown.socket, domain, '/robots.txt')),
    };
  });
}

async function seePage(plan: CheckPlan, ask: () => ReturnType<typeof headOf>): Promise<Found> {
  const { domain, onionPage } = plan;
  try {
    const { status, onionLocation } = await ask();
    if (status === 503 || status === 502) {
      const hint = 'See "snug status", and whether the proxy may open the socket in clearnet.run.';
      return failed(`The proxy of ${domain} does not reach the relay.`, hint);
    }
    if (onionLocation === onionPage) return ok(`https://${domain}/invite/ is this relay's page.`);
    const who = onionLocation === undefined ? 'not a Snug' : 'another Snug';
    const hint = 'Make DNS and your router lead to this machine.';
    return failed(`What answers at ${domain} is ${who} (status ${status}).`, hint);
  } catch (error) {
    return failed(`No page came from ${domain}: ${messageOf(error)}.`, START_PROXY);
  }
}

/** @returns what an HTTPS visit tells: the port, the certificate, and whether it is this relay */
export async function checkHttps(plan: CheckPlan): Promise<Check[]> {
  const { domain, ports } = plan;
  const found = await visit(plan).catch((error: unknown): Https => {
    const what = `Nobody speaks HTTPS on port ${ports.https} of ${domain}: ${messageOf(error)}.`;
    const port = failed(what, `Let your router pass port ${ports.https} on. ${START_PROXY}`);
    return { port, certificate: NOT_SEEN, page: NOT_SEEN };
  });
  return (['port', 'certificate', 'page'] as const).map((name) => ({ name, ...found[name] }));
}

function leadsTo(domain: string, location: string | undefined): boolean {
  const url = location !== undefined && URL.canParse(location) ? new URL(location) : undefined;
  return url?.protocol === 'https:' && url.hostname === domain;
}

/** @returns whether plain HTTP leads to HTTPS; Let's Encrypt may need that port too */
export async function checkRedirect(plan: CheckPlan): Promise<Check> {
  const { domain, ports } = plan;
  const find = async (): Promise<Found> => {
    const ask = (socket: Socket) => headOf(socket, domain, '/');
    const { status, location } = await onConnection(plan, ports.http, ask);
    if (leadsTo(domain, location)) {
      return ok(`Port ${ports.http} of ${domain} sends visitors to HTTPS.`);
    }
    const hint = 'Make DNS and your router lead to this machine, and to no other server on it.';
    return failed(`Port ${ports.http} of ${domain} is another server's (status ${status}).`, hint);
  };
  const found = await find().catch((error: unknown) =>
    look(
      `Nobody listens on port ${ports.http} of ${domain}: ${messageOf(error)}.`,
      'Let your router pass it on too: some visitors try it first, and certificates may need it.',
    ),
  );
  return { name: 'redirect', ...found };
}

/** @returns whether SSB can be reached at the domain; nothing when it is not offered there */
export async function checkSsb(plan: CheckPlan): Promise<Check[]> {
  const { domain, ssbPort: port, outside, patienceMs = PATIENCE_MS } = plan;
  if (port === undefined) return [];
  const find = async (): Promise<Found> => {
    const socket = await outside.connect(domain, port, deadline(plan));
    if (await staysOpen(socket, patienceMs)) return ok(`Port ${port} of ${domain} takes SSB.`);
    const hint = 'See "systemctl status snug-clearnet-ssb" and "snug status" on that machine.';
    return failed(`Port ${port} of ${domain} hangs up: the relay is not behind it.`, hint);
  };
  const found = await find().catch((error: unknown) =>
    failed(
      `Nobody listens on port ${port} of ${domain}: ${messageOf(error)}.`,
      `Let your router pass port ${port} on. "systemctl status snug-clearnet-ssb.socket" tells more.`,
    ),
  );
  return [{ name: 'ssb', ...found }];
}

/**
 * Looks at the domain from outside, through Tor: DNS, ports, certificate, and whether this very
 * relay answers. Nothing is changed.
 *
 * @param plan what to look at
 * @returns every check, in the order in which they are to be mended; it does not throw
 */
export async function checkClearnet(plan: CheckPlan): Promise<Check[]> {
  const [dns, https, redirect, ssb] = await Promise.all([
    checkDns(plan),
    checkHttps(plan),
    checkRedirect(plan),
    checkSsb(plan),
  ]);
  return [dns, ...https, redirect, ...ssb];
}
