import { refusedOf } from './desk.js';
import type { Snapshot } from './snapshot.js';

type Kind = 'gauge' | 'counter';
type Sample = readonly [
  name: string,
  kind: Kind,
  help: string,
  value: number | boolean | undefined,
];

const HEALTH = { well: 0, degraded: 1, down: 2 } as const;

function torSamples({ tor }: Snapshot): Sample[] {
  if (tor === undefined) return [];
  const { bootstrap, descriptors } = tor;
  const uploaded = descriptors.lastUpload === undefined ? undefined : descriptors.lastUpload / 1000;
  return [
    ['tor_published', 'gauge', 'The onion address can be reached.', tor.state === 'published'],
    ['tor_bootstrap_percent', 'gauge', 'How far Tor got.', bootstrap.progress],
    ['tor_descriptors_uploaded', 'gauge', 'Of two descriptors.', descriptors.uploaded],
    ['tor_last_upload_timestamp_seconds', 'gauge', 'Of a descriptor.', uploaded],
    ['tor_restarts_total', 'counter', 'Restarts of Tor.', tor.restarts],
    ['tor_outdated', 'gauge', 'The network advises against this version.', tor.outdated === true],
    [
      'clock_skew_seconds',
      'gauge',
      'How far the clock is ahead, as Tor says.',
      tor.clockSkewSeconds ?? 0,
    ],
  ];
}

function visitSamples({ visits }: Snapshot): Sample[] {
  if (visits === undefined) return [];
  const failing = visits.ailment !== undefined;
  return [
    ['self_visits_well_total', 'counter', 'Visits to itself that went well.', visits.well],
    ['self_visits_failed_total', 'counter', 'Visits to itself that failed.', visits.failed],
    ['self_visit_failing', 'gauge', 'The relay cannot reach itself now.', failing],
    ['self_visit_age_seconds', 'gauge', 'Since the last good one.', visits.lastWellSeconds],
  ];
}

function ssbSamples({ ssb, machine }: Snapshot): Sample[] {
  const log = machine?.log;
  const fromLog: Sample[] = [
    ['ssb_log_bytes', 'gauge', 'Size of the log of messages.', log?.bytes],
    [
      'ssb_last_message_timestamp_seconds',
      'gauge',
      'When the log last grew.',
      log === undefined || log.bytes === 0 ? undefined : log.lastMessage / 1000,
    ],
  ];
  if (ssb === undefined) return fromLog;
  const peers = ssb.peers.filter(({ state }) => state === 'connected').length;
  return [
    ['ssb_members', 'gauge', 'Feeds that the relay follows.', ssb.members],
    ['ssb_connected', 'gauge', 'Peers connected now.', ssb.connected],
    ['ssb_feeds', 'gauge', 'Feeds within reach.', ssb.reach],
    ['ssb_indexed', 'gauge', 'The log has been read.', ssb.indexed],
    ['ssb_paused', 'gauge', 'No messages are taken in.', ssb.paused !== undefined],
    ['ssb_peers_connected', 'gauge', 'Relays of the configuration connected.', peers],
    ['ssb_blobs', 'gauge', 'Blobs kept.', ssb.blobs.count],
    ['ssb_blob_bytes', 'gauge', 'Bytes of blobs kept.', ssb.blobs.bytes],
    ['ssb_blobs_wanted', 'gauge', 'Blobs that are wanted.', ssb.blobs.wanted],
    ...fromLog,
  ];
}

function deskSamples({ desk }: Snapshot): Sample[] {
  if (desk === undefined) return [];
  return [
    ['riddles_shown_total', 'counter', 'Riddles shown.', desk.shown],
    ['riddles_solved_total', 'counter', 'Riddles solved.', desk.solved],
    ['riddles_refused_total', 'counter', 'Answers that got no code.', refusedOf(desk)],
    ['codes_redeemed_total', 'counter', 'Codes redeemed.', desk.redeemed],
    ['codes_left', 'gauge', 'Codes that visitors could get now.', desk.left],
  ];
}

function machineSamples({ machine, starts }: Snapshot): Sample[] {
  const { disk, board } = machine ?? {};
  return [
    ['disk_free_bytes', 'gauge', 'Of the disk of the state folder.', disk?.freeBytes],
    ['disk_size_bytes', 'gauge', 'Of the disk of the state folder.', disk?.totalBytes],
    ['disk_used_percent', 'gauge', 'As df counts.', disk?.usedPercent],
    ['board_celsius', 'gauge', 'Temperature of the processor.', board?.celsius],
    ['board_throttled', 'gauge', 'The processor is slowed down now.', board?.throttled],
    ['board_under_voltage', 'gauge', 'Too little voltage now.', board?.underVoltage],
    ['starts_last_hour', 'gauge', 'Starts of the relay within the last hour.', starts],
  ];
}

function mailSamples({ mail }: Snapshot): Sample[] {
  if (mail === undefined) return [];
  const sent = mail.lastSent === undefined ? undefined : mail.lastSent / 1000;
  return [
    ['mail_waiting', 'gauge', 'Mails that wait.', mail.queued],
    ['mail_failing', 'gauge', 'The last try to send one failed.', mail.trouble !== undefined],
    ['mail_last_sent_timestamp_seconds', 'gauge', 'When the last one was sent.', sent],
  ];
}

/** Prometheus, "Exposition formats": in label values these are escaped. */
function label(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');
}

function lines([name, kind, help, value]: Sample): string[] {
  if (value === undefined) return [];
  const full = `snug_${name}`;
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${kind}`, `${full} ${Number(value)}`];
}

/**
 * @param snapshot one look
 * @returns it in the text format of Prometheus; numbers and versions, nobody's address or identity
 */
export function metricsText(snapshot: Snapshot): string {
  const { version, tor, health, uptimeSeconds } = snapshot;
  const versions = `version="${label(version)}",tor="${label(tor?.version ?? '')}"`;
  const samples: Sample[] = [
    ['health', 'gauge', '0 well, 1 needs a look, 2 down.', HEALTH[health]],
    ['todo', 'gauge', 'Things that somebody should do.', snapshot.todo.length],
    ['uptime_seconds', 'gauge', 'Since the start of the relay.', uptimeSeconds],
    ...torSamples(snapshot),
    ...visitSamples(snapshot),
    ...ssbSamples(snapshot),
    ...deskSamples(snapshot),
    ...machineSamples(snapshot),
    ...mailSamples(snapshot),
  ];
  const info = ['# HELP snug_info Versions.', '# TYPE snug_info gauge', `snug_info{${versions}} 1`];
  return [...info, ...samples.flatMap(lines), ''].join('\n');
}
