import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { ConfigError } from '../config/problems.js';
import { type Card, cardOf } from './card.js';
import { keep, readIfThere, writeLasting } from './files.js';
import { withKeys } from './imager-keys.js';
import { isOnCard, moveMailPassword } from './mail-password.js';
import { networkFile } from './network.js';
import { withoutValue } from './password-line.js';
import type { Places } from './places.js';
import { NO_PRESEED, parsePreseed } from './preseed.js';
import { wpaConfig } from './wifi.js';

/** The folders that the relay's unit gives it. */
const ENV = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };
const SECRET = 0o600;

/** The operator's settings: those on the card's FAT partition, or the last that were sound. */
interface Settings {
  readonly config: Config;
  /** The file as it is to be from now on, without secrets; undefined: it stays as it is. */
  readonly text: string | undefined;
  readonly problems: readonly string[];
}

async function lastGood(places: Places): Promise<Config> {
  const there = (await readIfThere(places.config)) !== undefined;
  return loadConfig({ file: there ? places.config : '/dev/null', env: ENV });
}

/** The password of the mail account: with root now; not there, though needed; or none of ours. */
type MailPassword = 'kept' | 'missing' | 'not ours';

async function takeMailPassword(places: Places, { mail }: Config): Promise<MailPassword> {
  const kept = await moveMailPassword(places, mail);
  const named = mail?.passwordFile !== undefined;
  if (named ? !isOnCard(places.fat, mail) : mail?.user === undefined) return 'not ours';
  return kept ? 'kept' : 'missing';
}

/** What is now in files of root alone has no place in the operator's file any more. */
function withoutSecrets(text: string, config: Config, mailPassword: MailPassword) {
  const problems: string[] = [];
  let clean = text;
  const take = (key: Parameters<typeof withoutValue>[1]) => {
    const less = withoutValue(clean, key);
    if (less === undefined || less === clean) {
      problems.push(`${key}: put it on a line of its own, so that it can be taken off.`);
    } else clean = less;
  };
  if (config.card.wifi?.password !== undefined) take('wifi.password');
  const named = config.mail?.passwordFile !== undefined;
  if (mailPassword === 'kept' && named) take('mail.password_file');
  if (mailPassword === 'missing') {
    problems.push(
      named
        ? 'mail.password_file: put that file beside snug.toml, the password in it.'
        : 'mail.user: put the password into a file mail-password.txt beside snug.toml.',
    );
  }
  return { text: clean, problems };
}

async function readSettings(places: Places): Promise<Settings> {
  const file = join(places.fat, 'snug.toml');
  const text = await readIfThere(file);
  // No operator empties it; a power cut while it was written anew may.
  const kept = text === '' ? await readIfThere(places.config) : undefined;
  if (kept !== undefined) return { config: await lastGood(places), text: kept, problems: [] };
  try {
    const config = loadConfig({ file: text === undefined ? '/dev/null' : file, env: ENV });
    const mailPassword = await takeMailPassword(places, config);
    return { config, ...withoutSecrets(text ?? '', config, mailPassword) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const config = await lastGood(places);
    await moveMailPassword(places, undefined);
    return { config, text: undefined, problems: [error.message] };
  }
}

/** The password belongs to one network: for another it is of no use. */
async function keptPassword(places: Places, config: Config): Promise<string | undefined> {
  const { wifi } = config.card;
  const file = join(places.kept, 'wifi.json');
  if (wifi === undefined) return undefined;
  if (wifi.password !== undefined) {
    await keep(file, JSON.stringify({ ssid: wifi.ssid, password: wifi.password }), SECRET);
    return wifi.password;
  }
  const text = await readIfThere(file);
  const kept = text === undefined ? {} : (JSON.parse(text) as Record<string, unknown>);
  return kept.ssid === wifi.ssid && typeof kept.password === 'string' ? kept.password : undefined;
}

/** Imager's file holds secrets too: it moves to the card, and a newer one takes its place. */
async function movePreseed(places: Places) {
  const given = join(places.fat, 'rpi-preseed.toml');
  const kept = join(places.kept, 'rpi-preseed.toml');
  const text = await readIfThere(given);
  if (text !== undefined) {
    await keep(kept, text, SECRET);
    await rm(given);
  }
  const stored = text ?? (await readIfThere(kept));
  return stored === undefined ? NO_PRESEED : parsePreseed(stored);
}

async function putIntoEffect(places: Places, card: Card): Promise<void> {
  const { wifi, network, ssh, hostname } = card;
  const keys = ssh.keys.length === 0 ? undefined : `${ssh.keys.join('\n')}\n`;
  await keep(places.wifi, wifi && wpaConfig(wifi), SECRET);
  await keep(places.network, network && networkFile(network));
  await keep(places.authorizedKeys, keys);
  if (hostname !== undefined) await keep(places.hostname, `${hostname}\n`);
  for (const rule of ['ssh-lan.nft', 'snowflake.nft']) {
    const wanted = card.firewall.includes(rule);
    const text = wanted ? await readIfThere(join(places.firewallRules, rule)) : undefined;
    await keep(join(places.firewall, rule), text);
  }
}

/** @returns what a person reads in snug-errors.txt; Windows' line ends, as any editor knows them */
function errorText(problems: readonly string[]): string {
  const lines = [
    'Something in the settings is wrong. The relay runs with the settings it had before, or without.',
    ...problems.flatMap((problem) => problem.split('\n')),
    'Correct snug.toml beside this file, then start the board again.',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/**
 * Reads what the operator wrote on the FAT partition and puts it into effect, at each start: safe to
 * repeat after a power cut. Secrets are kept elsewhere before they are taken off that partition.
 * What was erased there can still be read from the card by somebody with the right tools.
 *
 * @param places where things lie
 * @returns what was wrong, in words; it also stands in snug-errors.txt
 */
export async function applySettings(places: Places): Promise<readonly string[]> {
  // No FAT partition: everything stays as it is.
  if ((await readIfThere(join(places.fat, 'cmdline.txt'))) === undefined) {
    return [`${places.fat} is not there: the settings of the last start hold.`];
  }
  const settings = await readSettings(places);
  const preseed = await movePreseed(places);
  const password = await keptPassword(places, settings.config);
  await putIntoEffect(places, cardOf(settings.config, preseed, password));
  const text = settings.text ?? (await readIfThere(places.config));
  const enough = settings.config.card.ssh.keys.length > 0 || preseed.keys.length === 0;
  await keep(places.config, enough ? text : withKeys(text ?? '', preseed.keys));
  if (settings.text !== undefined) {
    const file = join(places.fat, 'snug.toml');
    const before = await readIfThere(file);
    if (before !== undefined && before !== settings.text) {
      await writeLasting(file, settings.text, SECRET);
    }
  }
  const imager = preseed.problems.map((problem) => `rpi-preseed.toml, ${problem}`);
  const problems = [...settings.problems, ...imager];
  const errors = join(places.fat, 'snug-errors.txt');
  await keep(errors, problems.length === 0 ? undefined : errorText(problems), SECRET);
  return problems;
}
