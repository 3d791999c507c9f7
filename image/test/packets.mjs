// What the board said on the wire, from the emulator's capture (pcap, Ethernet).
import { readFileSync } from 'node:fs';

const GUEST = '525400123456';
/** Router and neighbour solicitations and advertisements (RFC 4861). */
const NEIGHBOURS = new Set([133, 135, 136]);

function* frames(bytes) {
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    yield bytes.subarray(at + 16, at + 16 + length);
    at += 16 + length;
  }
}

function ipv4(packet) {
  const header = (packet[0] & 15) * 4;
  const to = packet.subarray(16, 20).join('.');
  const kind = { 6: 'tcp', 17: 'udp', 1: 'icmp' }[packet[9]] ?? `protocol ${packet[9]}`;
  if (kind !== 'tcp' && kind !== 'udp') return `${kind} to ${to}`;
  return `${kind} ${packet.readUInt16BE(header)} to ${to}:${packet.readUInt16BE(header + 2)}`;
}

/** @returns {string} what a frame is, in words; 'arp' and 'neighbours' for what every host says */
function wordsOf(frame) {
  const type = frame.readUInt16BE(12);
  if (type === 0x0806) return 'arp';
  if (type === 0x0800) return ipv4(frame.subarray(14));
  if (type !== 0x86dd) return `Ethernet type ${type.toString(16)}`;
  const packet = frame.subarray(14);
  const to = packet.subarray(24, 40).toString('hex');
  if (packet[6] === 58 && NEIGHBOURS.has(packet[40])) return 'neighbours';
  return `IPv6 next header ${packet[6]} to ${to}`;
}

/**
 * @param {string} capture a pcap file
 * @param {{ host: string, port: number }} proxy where Tor's traffic goes in these tests
 * @returns {{ tor: number, strange: string[] }} packets of Tor, and every other kind that is
 *   neither DHCP nor what a host must say to its neighbours
 */
export function judgePackets(capture, proxy) {
  const torForm = new RegExp(`^tcp \\d+ to ${proxy.host}:${proxy.port}$`);
  const counts = new Map();
  for (const frame of frames(readFileSync(capture))) {
    if (frame.length < 54 || frame.subarray(6, 12).toString('hex') !== GUEST) continue;
    const words = wordsOf(frame);
    const kind = torForm.test(words) ? 'tor' : words;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const usual = (kind) =>
    ['tor', 'arp', 'neighbours'].includes(kind) || /^udp 68 to [\d.]+:67$/.test(kind);
  const strange = [...counts].filter(([kind]) => !usual(kind));
  return {
    tor: counts.get('tor') ?? 0,
    strange: strange.map(([kind, count]) => `${kind} (${count})`),
  };
}
