// Whose each folder of keys and sockets is: as it lies in the tree, and as units and tmpfiles.d make
// it on the card.
import { dirname } from 'node:path';
import { unitFiles } from './unit-files.mjs';

/** Mode, owner and group (docs/appliance.md says what lies in each). */
const PLACES = {
  '/boot/firmware': '0755 root root',
  '/etc/credstore': '0700 root root',
  '/etc/credstore.encrypted': '0700 root root',
  '/etc/gshadow': '0640 root shadow',
  '/etc/shadow': '0640 root shadow',
  '/etc/snug': '0755 root root',
  '/etc/snug/firewall.d': '0755 root root',
  '/etc/snug/ssh': '0755 root root',
  '/etc/ssh': '0755 root root',
  '/etc/ssh/sshd_config.d': '0755 root root',
  '/etc/sudoers': '0440 root root',
  '/etc/sudoers.d': '0755 root root',
  '/etc/wpa_supplicant': '0755 root root',
  '/home': '0755 root root',
  '/home/operator': '0700 operator operator',
  '/opt/snug': '0755 root root',
  '/root': '0700 root root',
  '/run/snug': '0700 snug snug',
  '/run/snug-resolver': '0755 root root',
  '/run/snug-ssh': '0755 root root',
  '/run/snug-ssh/ssh.sock': '0660 root snug-tor',
  '/run/snug-to-tor': '2750 snug snug-tor',
  '/run/snug-tor': '0750 snug-tor snug-tor',
  '/run/sshd': '0755 root root',
  '/usr/lib/snug': '0755 root root',
  '/usr/lib/snug/firewall.d': '0755 root root',
  '/usr/lib/snug/release-keys': '0755 root root',
  '/var/lib/snug': '0700 snug snug',
  '/var/lib/snug-card': '0700 root root',
  // A time, and bundles that anybody may have: nothing secret.
  '/var/lib/snug-clock': '0755 root root',
  '/var/lib/snug-update': '0755 root root',
  '/var/lib/snug-upgrade': '0755 root root',
  '/var/lib/snug-tor': '0700 snug-tor snug-tor',
  '/var/lib/snug-tor/onion': '0700 snug-tor snug-tor',
  '/var/lib/snug-tor/onion/hs_ed25519_secret_key': '0600 snug-tor snug-tor',
  '/var/lib/snug-tor/ssh': '0700 snug-tor snug-tor',
  '/var/lib/snug-tor/ssh/authorized_clients': '0700 snug-tor snug-tor',
  '/var/lib/snug-tor/ssh/authorized_clients/operator.auth': '0600 snug-tor snug-tor',
  '/var/lib/snug-tor/ssh/hs_ed25519_secret_key': '0600 snug-tor snug-tor',
};

/** What its packages give to others, where it lies in the tree. */
const OF_DEBIAN = {
  '/etc/gshadow-': '0640 root shadow',
  '/etc/shadow-': '0640 root shadow',
  '/tmp': '1777 root root',
  '/var/cache/apt/archives/partial': '0700 _apt root',
  '/var/lib/systemd/network': '0755 systemd-network systemd-network',
  '/var/lib/tor': '2700 debian-tor debian-tor',
  '/var/log/journal': '2755 root systemd-journal',
  '/var/log/tor': '2750 debian-tor adm',
  '/var/mail': '2775 root mail',
  '/var/tmp': '1777 root root',
};

/** Keys of a unit for folders, and where systemd makes them (systemd.exec(5)). */
const UNIT_FOLDERS = {
  StateDirectory: '/var/lib',
  RuntimeDirectory: '/run',
  CacheDirectory: '/var/cache',
  LogsDirectory: '/var/log',
  ConfigurationDirectory: '/etc',
};

const access = (mode, user, group) =>
  `${mode.replace(/^[:~]/, '').padStart(4, '0')} ${user} ${group}`;
const given = (word, otherwise) => (word === undefined || word === '-' ? otherwise : word);

function* byTmpfiles(view) {
  const files = view.files.filter(({ path }) =>
    /^(etc|usr\/lib)\/tmpfiles\.d\/.*\.conf$/.test(path),
  );
  for (const { path: by } of files) {
    for (const line of view.text(by).split('\n')) {
      const [type, place, mode, user, group] = line.trim().split(/\s+/);
      // Folders that are made, and modes that are set later.
      if (!/^[dDvqQezZ][+!=~^$-]*$/.test(type)) continue;
      const words = [given(mode, '0755'), given(user, 'root'), given(group, 'root')];
      yield { place, by, says: access(...words.map((word) => word.replace(/^:/, ''))) };
    }
  }
}

/** `install -d -m MODE FOLDER…` and `install -m MODE FROM TO`, as the unit's user. */
function* byInstall(command, user, group) {
  const [, folders, mode, names] = /\/install (-d )?-m (\d+) (.*)$/.exec(command) ?? [];
  if (names === undefined) return;
  const places = names.split(' ').slice(folders === undefined ? 1 : 0);
  for (const place of places) yield { place, says: access(mode, user, group) };
}

function* byUnit({ settings }) {
  const last = (key, otherwise) => settings(key).at(-1) ?? otherwise;
  const user = last('User', 'root');
  const group = last('Group', user);
  for (const [key, parent] of Object.entries(UNIT_FOLDERS)) {
    const says = access(last(`${key}Mode`, '0755'), user, group);
    for (const name of settings(key).join(' ').split(/\s+/).filter(Boolean)) {
      yield { place: `${parent}/${name.replace(/:.*/, '')}`, says };
    }
  }
  for (const command of settings('ExecStartPre')) yield* byInstall(command, user, group);
  for (const socket of settings('ListenStream').filter((place) => place.startsWith('/'))) {
    yield { place: dirname(socket), says: access(last('DirectoryMode', '0755'), 'root', 'root') };
    const owners = [last('SocketUser', 'root'), last('SocketGroup', 'root')];
    yield { place: socket, says: access(last('SocketMode', '0666'), ...owners) };
  }
}

/** @returns what makes a file, folder or socket on the card, and with which mode and owners */
function declarations(view) {
  const units = unitFiles(view).filter(({ path }) => path.includes('/system/'));
  const made = units.flatMap((unit) => [...byUnit(unit)].map((one) => ({ ...one, by: unit.path })));
  return [...byTmpfiles(view), ...made];
}

/** Names of the tree itself: the machine that builds has other numbers for them. */
function namesOf(view, file) {
  const rows = view.text(file).trim().split('\n');
  return new Map(rows.map((row) => [Number(row.split(':')[2]), row.split(':')[0]]));
}

/** What is made at boot: as the table says, and ours is in the table. */
export function* madeAtBoot(view) {
  const all = declarations(view);
  for (const { place, says, by } of all) {
    const wanted = PLACES[place];
    if (wanted === undefined && view.ours.has(by)) {
      yield `${place} (${by}) is not among the places of image/lib/check/owners.mjs`;
    } else if (wanted !== undefined && wanted !== says) {
      yield `${by} makes ${place} ${says}; it has to be ${wanted}`;
    }
  }
  const made = new Set(all.map(({ place }) => place));
  for (const place of Object.keys(PLACES)) {
    if (!made.has(place) && !view.has(place.slice(1))) yield `nothing makes ${place}`;
  }
}

/** What lies in the tree: as the tables say, and everything else is root's to change. */
export function* inTheTree(view) {
  const [users, groups] = [namesOf(view, 'etc/passwd'), namesOf(view, 'etc/group')];
  for (const { path, stat } of view.files) {
    const [user, group] = [users.get(stat.uid), groups.get(stat.gid)];
    if (user === undefined || group === undefined) yield `${path} is owned by nobody of the card`;
    const is = access((stat.mode & 0o7777).toString(8), user, group);
    const wanted = PLACES[`/${path}`] ?? OF_DEBIAN[`/${path}`];
    if (wanted !== undefined && wanted !== is) yield `${path} is ${is}; it has to be ${wanted}`;
    if (wanted !== undefined) continue;
    // A link has no mode of its own, and udev sets those of devices.
    const writable = (stat.isFile() || stat.isDirectory()) && (stat.mode & 0o022) !== 0;
    if (stat.uid !== 0 || stat.gid !== 0 || writable) {
      yield `${path} is ${is}; it has to be root's, and for nobody else to change`;
    }
  }
}
