// What tests put on a card that no operator would: the private Tor network, and more words on the
// serial line. The programs and units of the image stay as they are.
import { readFileSync } from 'node:fs';
import { PROXY } from './machine.mjs';

const RECORDER = new URL('recorder.cjs', import.meta.url);

/** Everything of the journal on the serial line too. */
const JOURNAL = '[Journal]\nForwardToConsole=yes\nTTYPath=/dev/console\nMaxLevelConsole=info\n';

const REPORT = `[Unit]
Description=Test: what the system is like, on the serial line
[Service]
ExecStart=/bin/sh -c 'while sleep 20; do grep -E "^Mem(Total|Available)" /proc/meminfo; systemctl list-units --failed --plain --no-legend; done'
StandardOutput=journal
[Install]
WantedBy=multi-user.target
`;

/** The way to the network is in the card's own local network, where Tor has no business otherwise. */
const FIREWALL = `add rule inet snug output_local oif != lo meta skuid "snug-tor" ip daddr ${PROXY.host} tcp dport ${PROXY.port} accept\n`;

/**
 * The torrc lines of the network's include file for a machine whose loopback is another one: its
 * relays are dialled through the proxy on the host.
 * @param {string} include text of the include file
 */
function includeFor(include) {
  const lines = include.split('\n').filter((line) => !line.startsWith('OutboundBindAddress'));
  return [...lines, `Socks5Proxy ${PROXY.host}:${PROXY.port}`, ''].join('\n');
}

/** @returns {Record<string, string>} files by path; the network's only where there is one */
export function guestFiles({ include }) {
  const network = include && includeFor(readFileSync(include, 'utf8'));
  return {
    ...(network
      ? { '/etc/snug/test.torrc': network, '/etc/snug/firewall.d/test.nft': FIREWALL }
      : {}),
    '/usr/local/lib/snug-test/recorder.cjs': readFileSync(RECORDER, 'utf8'),
    '/etc/systemd/system/snug.service.d/test.conf':
      '[Service]\nEnvironment=NODE_OPTIONS=--require=/usr/local/lib/snug-test/recorder.cjs\n',
    '/etc/systemd/journald.conf.d/zz-test.conf': JOURNAL,
    '/etc/systemd/system/test-report.service': REPORT,
    '/etc/systemd/system/multi-user.target.wants/test-report.service':
      '-> /etc/systemd/system/test-report.service',
  };
}
