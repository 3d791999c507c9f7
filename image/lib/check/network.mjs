// Who could listen: no unit opens a socket that another machine can reach, but ssh where it is asked for.
import { unitFiles, unitNamed } from './unit-files.mjs';

/** Not enabled: ssh listens by ssh.service, behind its conditions. */
const CLOSED = { 'ssh.socket': '22' };

/** All that ssh.service waits for: a key, and `lan = true` (src/appliance/). */
const SSH_CONDITIONS = {
  ConditionFileNotEmpty: ['/etc/snug/ssh/authorized_keys'],
  ConditionPathExists: ['!/etc/ssh/sshd_not_to_be_run', '/etc/snug/firewall.d/ssh-lan.nft'],
};

/** The one port on 127.0.0.1: apt's way out. The firewall lets in root and apt alone. */
const TOR_PORT = '"+SocksPort" "127.0.0.1:9050 IsolateSOCKSAuth"';

/** Names, time and more in clear text, or doors of their own. */
const ABSENT =
  /^(systemd-(resolved|timesyncd|journal-(remote|gatewayd|upload)|importd)|avahi-daemon|chrony|ntp(sec|d)?|openntpd|rpcbind|cups|exim4|postfix|telnetd?|inetd|xinetd|dropbear|snmpd|bluetooth|NetworkManager|dhcpcd|caddy)\b/;

/** What the network must not be asked for, nor told. */
const SILENT = ['LLMNR', 'MulticastDNS', 'LLDP', 'EmitLLDP', 'UseDNS', 'UseNTP', 'SendHostname'];

const listens = (settings) =>
  ['Stream', 'Datagram', 'SequentialPacket'].flatMap((kind) => settings(`Listen${kind}`));

export function* sockets(view) {
  for (const { name, settings } of unitFiles(view, 'socket')) {
    for (const place of listens(settings).filter((one) => !/^(\/|%t\/)/.test(one))) {
      if (CLOSED[name] !== place) yield `${name} listens on ${place}`;
    }
    const linked = view.files.some(
      ({ path }) => path.endsWith(`/${name}`) && !['', '/dev/null'].includes(view.target(path)),
    );
    if (name in CLOSED && linked) yield `${name} is enabled`;
  }
}

export function* ssh(view) {
  const settings = unitNamed(view, 'ssh.service');
  for (const [key, wanted] of Object.entries(SSH_CONDITIONS)) {
    if (settings(key).sort().join(' ') !== wanted.join(' ')) yield `ssh.service: ${key} is changed`;
  }
  const door = unitNamed(view, 'snug-ssh.socket');
  if (door('ConditionFileNotEmpty').join(' ') !== '/etc/snug/ssh/authorized_keys') {
    yield 'snug-ssh.socket opens without a key';
  }
}

/** Tor's own ports: unix sockets, and the one for apt. */
export function* tor(view) {
  const commands = unitNamed(view, 'snug-tor.service')('ExecStart');
  if (commands.length !== 1 || !commands[0].endsWith(` -f /run/snug-to-tor/torrc ${TOR_PORT}`)) {
    yield 'snug-tor.service starts Tor with other ports';
  }
  const torrcs = view.files.filter(({ path }) => /^opt\/.*\/snug\.torrc$/.test(path));
  if (torrcs.length === 0) yield 'there is no template of a torrc';
  for (const { path } of torrcs) {
    for (const [line, name] of view.text(path).matchAll(/^\s*\+?(\w*Port)\s.*$/gm)) {
      if (!/^\+?\w+ unix:/.test(line)) yield `${path}: ${name} is no unix socket`;
    }
  }
}

export function* absent(view) {
  for (const { path } of view.files) {
    const [, unit] = /\/systemd\/system\/([^/]+)\.(service|socket)$/.exec(path) ?? [];
    if (unit !== undefined && ABSENT.test(unit)) yield `${path} is in the image`;
  }
}

export function* silence(view) {
  const files = view.files.filter(({ path }) => /^etc\/systemd\/network\/.*\.network$/.test(path));
  if (files.length === 0) yield 'no network is set up';
  for (const { path } of files) {
    for (const key of SILENT) {
      const lines = [...view.text(path).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))];
      if (lines.length === 0 || lines.some(([, value]) => value !== 'no')) {
        yield `${path}: ${key} has to be no`;
      }
    }
  }
}
