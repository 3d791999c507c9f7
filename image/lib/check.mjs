// What must hold of the card's file system before it is packed. A build that breaks one of these
// fails, with every fault named.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, SetupError } from '../../scripts/setup.mjs';
import { treeOf } from './layers.mjs';

/** The only program that may lend its user's rights: the operator becomes root with it. */
const SETUID = ['usr/bin/sudo'];

/** Wants-links below etc/systemd/system: what runs, and nothing else does. */
const ENABLED = [
  'dbus-org.freedesktop.network1.service',
  'multi-user.target.wants/snug-card-address.path',
  'multi-user.target.wants/snug-card-address.service',
  'multi-user.target.wants/snug-card-grow.service',
  'multi-user.target.wants/snug-card-settings.service',
  'multi-user.target.wants/snug-clock.path',
  'multi-user.target.wants/snug-firewall.service',
  'multi-user.target.wants/snug-journal-copy.service',
  'multi-user.target.wants/snug-tor.path',
  'multi-user.target.wants/snug-update-settle.service',
  'multi-user.target.wants/snug.service',
  'multi-user.target.wants/ssh.service',
  'multi-user.target.wants/systemd-networkd.service',
  // Both come along with systemd-networkd; the first is masked.
  'network-online.target.wants/systemd-networkd-wait-online.service',
  'sysinit.target.wants/systemd-network-generator.service',
  'sockets.target.wants/snug-ssh.socket',
  // Another name of ssh.service.
  'sshd.service',
  'sockets.target.wants/systemd-networkd.socket',
  'sysinit.target.wants/apparmor.service',
  'sysinit.target.wants/snug-clock-restore.service',
  'systemd-networkd.service.requires/snug-firewall.service',
  'timers.target.wants/snug-again.timer',
  'timers.target.wants/snug-clock-save.timer',
  'timers.target.wants/snug-journal-save.timer',
  'timers.target.wants/snug-upgrade.timer',
];

/** Made on each card, never in the image. */
const NEVER = [
  /^etc\/ssh\/ssh_host_/,
  /^etc\/snug\/(ssh|firewall\.d)\/./,
  /^var\/lib\/(snug|snug-tor|snug-card|snug-clock|snug-update)\/./,
  /^var\/lib\/systemd\/(random-seed|credential\.secret)$/,
  /^var\/lib\/dbus\/machine-id$/,
  /^(root|home)\/.*\.(ssh|bash_history)/,
  /^var\/(log|cache)\/.*\.(log|deb|bin)$/,
  /^etc\/apt\/sources\.list(\.d\/0000.*)?$/,
];

/** Files that programs made while the packages were set up; everything else has an owner. */
const GENERATED = [
  /^boot\/((initrd\.img|config|vmlinuz)-[^/]*|firmware\/.*)$/,
  /^(vmlinuz(\.old)?|dev\/[a-z]+|root\/\.(bashrc|profile))$/,
  /^etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$/,
  /^(etc|var)\/\.updated$/,
  /^etc\/(\.pwd\.lock|environment|ld\.so\.cache|machine-id|shells|timezone|localtime|motd|mtab)$/,
  /^etc\/(modules|vconsole\.conf|hosts\.(allow|deny)|adjtime|nsswitch\.conf|profile|host\.conf)$/,
  /^etc\/(alternatives|rc\d\.d|rcS\.d|systemd\/(system|user)|apparmor\.d\/(local|disable|tunables))\//,
  /^etc\/(pam\.d\/common-.*|inputrc|issue.*|debian_version|security\/opasswd|ucf\.conf)$/,
  /^etc\/(ssh\/sshd_config|default\/(locale|useradd|raspi-firmware\.dpkg-dist))$/,
  /^etc\/(dpkg\/origins\/default|initramfs-tools\/modules)$/,
  /^usr\/(lib\/modules\/[^/]+\/modules\..*|lib\/udev\/hwdb\.bin|local\/man|share\/info\/dir)$/,
  /^usr\/lib\/[^/]+\/gconv\/gconv-modules\.cache$/,
  /^var\/lib\/(dpkg|apt|pam|ucf|systemd|initramfs-tools|misc|wtmpdb|shells\.state)(\/|$)/,
  /^var\/(cache|log|spool\/mail)/,
];

const faults = {
  *setuid(tree, files) {
    for (const { path, stat } of files) {
      if (stat.isFile() && stat.mode & 0o6000 && !SETUID.includes(path)) {
        yield `${path} is set-user-id or set-group-id`;
      }
    }
    for (const path of SETUID) {
      if ((lstatSync(join(tree, path)).mode & 0o6777) !== 0o4755)
        yield `${path} cannot do its work`;
    }
  },

  *modes(_tree, files) {
    for (const { path, stat } of files) {
      if (stat.isSymbolicLink() || stat.isCharacterDevice()) continue;
      const sticky = stat.isDirectory() && stat.mode & 0o1000;
      if (stat.mode & 0o002 && !sticky) yield `${path} can be written by everybody`;
      const ours = /^(opt|etc\/snug|usr\/lib\/snug)\//.test(path);
      if (ours && (stat.uid !== 0 || stat.gid !== 0 || stat.mode & 0o022)) {
        yield `${path} can be changed by others than root`;
      }
    }
  },

  *passwords(tree) {
    for (const line of readFileSync(join(tree, 'etc/shadow'), 'utf8').trim().split('\n')) {
      const [name, password] = line.split(':');
      if (!/^[!*]+$/.test(password)) yield `${name} has a password`;
    }
  },

  *ownThings(tree, files) {
    for (const { path, stat } of files) {
      if (!stat.isDirectory() && NEVER.some((rule) => rule.test(path)))
        yield `${path} is in the image`;
    }
    if (readFileSync(join(tree, 'etc/machine-id'), 'utf8') !== '')
      yield 'etc/machine-id is not empty';
  },

  *units(tree) {
    const folder = join(tree, 'etc/systemd/system');
    const links = treeOf(folder).filter((name) => {
      const stat = lstatSync(join(folder, name));
      return stat.isSymbolicLink() && readlinkSync(join(folder, name)) !== '/dev/null';
    });
    const enabled = links.filter((name) => name !== 'default.target');
    // Ours are enabled by their own [Install]; nobody else's may be.
    const others = enabled.filter((name) => !/(^|\/)snug[a-z-]*\.[a-z]+$/.test(name));
    for (const name of others) if (!ENABLED.includes(name)) yield `${name} is enabled`;
    for (const name of ENABLED) if (!enabled.includes(name)) yield `${name} is not enabled`;
  },

  *firewall(tree) {
    const same = (path, source) =>
      readFileSync(join(tree, path), 'utf8') === readFileSync(join(ROOT, source), 'utf8');
    if (!same('etc/snug/snug.nft', 'systemd/snug.nft')) yield 'the firewall is another one';
  },

  *boot(tree) {
    const fat = join(tree, 'boot/firmware');
    const names = readdirSync(fat);
    const config = readFileSync(join(fat, 'config.txt'), 'utf8');
    const named = [...config.matchAll(/^(?:kernel=|initramfs )(\S+)/gm)].map(([, name]) => name);
    if (named.length !== 2) yield 'config.txt names no kernel or no initramfs';
    const boards = [
      '2710-rpi',
      '2837-rpi-3-b',
      '2837-rpi-zero-2-w',
      '2711-rpi-4-b',
      '2712-rpi-5-b',
    ];
    const trees = boards.slice(1).map((board) => `bcm${board}.dtb`);
    const firmware = ['bootcode.bin', 'start.elf', 'fixup.dat', 'start4.elf', 'fixup4.dat'];
    for (const name of [...named, ...trees, ...firmware, 'cmdline.txt', 'snug.toml']) {
      if (!names.includes(name)) yield `boot/firmware/${name} is missing`;
    }
    if (!/ root=LABEL=snug-root /.test(readFileSync(join(fat, 'cmdline.txt'), 'utf8'))) {
      yield 'cmdline.txt does not name the root file system';
    }
  },

  *buildPaths(tree, files) {
    const words = [ROOT.replace(/\/$/, ''), tree].map((word) => Buffer.from(word));
    const candidates = files.filter(({ path }) => /^(opt|etc|var|usr\/lib\/snug)\//.test(path));
    for (const { path, stat } of candidates) {
      if (!stat.isFile()) continue;
      const text = readFileSync(join(tree, path));
      if (words.some((word) => text.includes(word))) yield `${path} names a folder of this machine`;
    }
  },

  *strangers(tree, files, ours) {
    const known = new Set(ours);
    const info = join(tree, 'var/lib/dpkg/info');
    for (const name of readdirSync(info)) {
      if (!name.endsWith('.list')) continue;
      for (const line of readFileSync(join(info, name), 'utf8').split('\n')) {
        // Packages may still say /lib for what is /usr/lib now.
        known.add(line.slice(1).replace(/^(bin|sbin|lib)\//, 'usr/$1/'));
      }
    }
    for (const { path, stat } of files) {
      if (stat.isDirectory() || known.has(path) || GENERATED.some((rule) => rule.test(path)))
        continue;
      const target = stat.isSymbolicLink() ? readlinkSync(join(tree, path)) : '';
      if (target.startsWith('/etc/alternatives/')) continue;
      yield `${path} belongs to nobody`;
    }
  },
};

/**
 * @param {string} tree the card's file system
 * @param {string[]} ours paths that we put there
 * @throws SetupError with every fault
 */
export function checkTree(tree, ours) {
  const files = treeOf(tree).map((path) => ({ path, stat: lstatSync(join(tree, path)) }));
  const all = Object.values(faults).flatMap((find) => [...find(tree, files, ours)]);
  if (all.length === 0) return;
  throw new SetupError(`The card's file system is not as it must be:\n  ${all.join('\n  ')}`);
}
