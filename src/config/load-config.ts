import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { loneKeys, toCard } from './card.js';
import { clearnetFindings, clearnetRun, toClearnet } from './clearnet.js';
import type { Config } from './config.js';
import { defaultRun, defaultState } from './default-folders.js';
import { checkFolders } from './folder-rules.js';
import { keyLines } from './key-lines.js';
import { mailRules, toMail } from './mail.js';
import { repeatedPeers, toPeers } from './peers.js';
import { ConfigError, type Finding, fileError, problemOf } from './problems.js';
import { type ConfigSource, type ConfigText, readConfigFile } from './read-file.js';
import { checkSettings, type Settings } from './schema.js';
import { unknownKeys } from './unknown-keys.js';
import { isTable, PATH, type Table } from './values.js';

function parseToml({ file, text }: ConfigText): Table {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (cause) {
    if (!(cause instanceof TomlError) || file === undefined) throw cause;
    const reason = cause.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '');
    const { line, column } = cause;
    throw fileError(file, `this is not TOML: ${reason}`, { line, column, cause });
  }
}

/** Relative paths in the file start at its own folder, wherever the process was started. */
function absolute(path: string, { file }: ConfigText): string | undefined {
  return path === '' ? undefined : resolve(dirname(file ?? ''), path);
}

/** Works on the unchecked document, so that folders are judged together with everything else. */
function foldersOf(document: Table, source: ConfigText, env: NodeJS.ProcessEnv): Config['paths'] {
  const table = isTable(document.paths) ? document.paths : {};
  const given = (path: unknown) => (v.is(PATH, path) ? absolute(path ?? '', source) : undefined);
  const state = given(table.state) ?? resolve(defaultState(env));
  return { state, run: given(table.run) ?? resolve(defaultRun(env, state)) };
}

/** The clearnet's folder as the unchecked document has it; undefined while that profile is off. */
function clearnetFolderOf(document: Table, source: ConfigText, run: string): string | undefined {
  const table = isTable(document.clearnet) ? document.clearnet : {};
  const given = table.run ?? '';
  if (!table.domain || typeof given !== 'string') return undefined;
  return clearnetRun(given, { file: source.file, run });
}

function findingOf(issue: v.BaseIssue<unknown>): Finding {
  const path = issue.path ?? [];
  return {
    // The tables of a list are counted from 1, as people do.
    key: path.map(({ key }) => String(typeof key === 'number' ? key + 1 : key)).join('.'),
    value: path.at(-1)?.value,
    allowed: issue.message,
  };
}

/** A text of a list has no line of its own: that of its key is shown. */
function lineOf(lines: ReadonlyMap<string, number>, key: string): number | undefined {
  return lines.get(key) ?? lines.get(/^(\w+\.\w+)\.\d+$/.exec(key)?.[1] ?? key);
}

/** One line for each key, the most telling first, in the order of the file. */
function errorOf({ file, text }: ConfigText, findings: readonly Finding[]): ConfigError {
  const lines = keyLines(text);
  const firsts = new Map<string, Finding>();
  for (const finding of findings) {
    if (!firsts.has(finding.key)) firsts.set(finding.key, finding);
  }
  const problems = [...firsts.values()].map((one) => problemOf(one, lineOf(lines, one.key)));
  return new ConfigError(
    file,
    problems.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity)),
  );
}

/** Where snug-ssh.socket listens. */
const SSH_SOCKET = '/run/snug-ssh/ssh.sock';

/** systemd's unit says in its environment that Tor has a unit too. */
function torOf({ tor, ssh }: Settings, source: ConfigText, env: NodeJS.ProcessEnv): Config['tor'] {
  const launch = tor.launch || env.SNUG_TOR_LAUNCH;
  return {
    binary: absolute(tor.binary, source),
    include: absolute(tor.include, source),
    bridges: Object.freeze(tor.bridges),
    launch: launch === 'unit' ? 'unit' : 'child',
    ssh: ssh.keys.length === 0 ? undefined : (absolute(ssh.socket, source) ?? SSH_SOCKET),
  };
}

function configOf(
  settings: Settings,
  paths: Config['paths'],
  source: ConfigText,
  env: NodeJS.ProcessEnv,
): Config {
  const { invites, members, feeds, blobs, site, clearnet, mail, log, limits } = settings;
  return {
    file: source.file,
    paths,
    tor: torOf(settings, source, env),
    invites: {
      host: invites.host.toLowerCase() || undefined,
      port: invites.port,
      lifetimeDays: invites.lifetime_days,
      perHour: invites.per_hour,
      burst: invites.burst,
    },
    members: { maySponsor: members.may_sponsor },
    feeds: {
      hops: feeds.hops,
      messagesPerFeed: feeds.messages_per_feed,
      mbPerFeed: feeds.mb_per_feed,
      totalMessages: feeds.total_messages,
      logMb: feeds.log_mb,
    },
    blobs: { maxMb: blobs.max_mb, totalMb: blobs.total_mb },
    card: toCard(settings),
    peers: toPeers(settings.peers, source.text),
    site: { title: site.title },
    clearnet: toClearnet(clearnet, { file: source.file, run: paths.run }),
    mail: toMail(mail, absolute(mail.password_file, source), env),
    log: { file: absolute(log.file, source) },
    limits: {
      requestsPerMinute: limits.requests_per_minute,
      streamsPerCircuit: limits.streams_per_circuit,
      sessions: limits.sessions,
      connections: limits.connections,
      reserveMb: limits.reserve_mb,
    },
  };
}

function freeze(config: Config): Config {
  for (const part of Object.values(config)) Object.freeze(part);
  return Object.freeze(config);
}

/**
 * Reads and checks the configuration; nothing is created or started.
 *
 * @param source the file named by `--config`, if any, and the environment
 * @returns the settings, every folder and path absolute, frozen in depth
 * @throws ConfigError (CONFIG_INVALID) with every problem at once
 */
export function loadConfig(source: ConfigSource): Config {
  const text = readConfigFile(source);
  const document = parseToml(text);
  const paths = foldersOf(document, text, source.env);
  const checked = checkSettings(document);
  const findings = [
    ...unknownKeys(document),
    ...(checked.issues ?? []).map(findingOf),
    ...checkFolders(paths, clearnetFolderOf(document, text, paths.run)),
    ...clearnetFindings(document),
    ...repeatedPeers(document),
    ...loneKeys(document),
    ...mailRules(document),
  ];
  if (!checked.success || findings.length > 0) throw errorOf(text, findings);
  return freeze(configOf(checked.output, paths, text, source.env));
}
