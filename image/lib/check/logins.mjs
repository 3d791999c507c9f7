// Who can come in, and as whom: nobody by a password, the operator by a key of their own card.

/** Groups with members. */
const MEMBERS = { 'snug-tor': 'snug' };

/** Whom sudo lets do what: Debian's two lines, whose group is empty, and ours. */
const SUDO = [
  'root ALL=(ALL:ALL) ALL',
  '%sudo ALL=(ALL:ALL) ALL',
  'operator ALL=(ALL:ALL) NOPASSWD: ALL',
];
const SUDO_DEFAULTS = /^Defaults (env_reset|mail_badpass|use_pty|secure_path=.*)$/;

/** What sshd makes of all its files together (sshd_config(5)). */
const SSHD = {
  allowagentforwarding: 'no',
  allowstreamlocalforwarding: 'no',
  allowtcpforwarding: 'no',
  allowusers: 'operator',
  authenticationmethods: 'publickey',
  authorizedkeysfile: '/etc/snug/ssh/authorized_keys',
  hostkey: '/etc/ssh/ssh_host_ed25519_key',
  kbdinteractiveauthentication: 'no',
  passwordauthentication: 'no',
  permitrootlogin: 'no',
  permittunnel: 'no',
  permituserenvironment: 'no',
  x11forwarding: 'no',
};
/** What else Debian and we set; any other key is a change that somebody has to look at. */
const SSHD_HARMLESS = [
  'acceptenv',
  'clientalivecountmax',
  'clientaliveinterval',
  'logingracetime',
  'maxauthtries',
  'printmotd',
  'subsystem',
  'usedns',
  'usepam',
];
/** Each line adds to those before; of other keys the first line counts. */
const SSHD_ADDS = ['allowusers', 'hostkey'];

const LOGIN_FILES =
  /(^|\/)(authorized_(keys2?|principals)|\.rhosts|\.shosts|s?hosts\.equiv|sshrc|\.netrc)$/;

const rowsOf = (text) =>
  text
    .trim()
    .split('\n')
    .map((row) => row.split(':'));
const withoutComments = (text) =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').replace(/\s+/g, ' ').trim())
    .filter(Boolean);

export function* passwords(view) {
  for (const file of ['etc/shadow', 'etc/gshadow', 'etc/shadow-', 'etc/gshadow-']) {
    if (!view.has(file)) continue;
    for (const [name, password] of rowsOf(view.text(file))) {
      if (!/^[!*]+$/.test(password)) yield `${file}: ${name} has a password`;
    }
  }
  const shadowed = rowsOf(view.text('etc/shadow')).map(([name]) => name);
  for (const [name, password, uid] of rowsOf(view.text('etc/passwd'))) {
    if (password !== 'x') yield `etc/passwd: ${name} has a password, or needs none`;
    if (!shadowed.includes(name)) yield `${name} is not in etc/shadow`;
    if (Number(uid) === 0 && name !== 'root') yield `${name} is another name of root`;
  }
}

export function* groups(view) {
  for (const [name, , , members] of rowsOf(view.text('etc/group'))) {
    if (members !== (MEMBERS[name] ?? '')) yield `the group ${name} has the members "${members}"`;
  }
}

export function* sudo(view) {
  const files = view.files.filter(
    ({ path, stat }) => /^etc\/sudoers(\.d\/.*)?$/.test(path) && !stat.isDirectory(),
  );
  const lines = files.flatMap(({ path }) =>
    // These two begin with a # that is no comment, in files of long ago.
    withoutComments(view.text(path).replace(/^#(?=include(dir)?\s)/gm, '@')),
  );
  const rights = lines.filter(
    (line) => !SUDO_DEFAULTS.test(line) && line !== '@includedir /etc/sudoers.d',
  );
  for (const right of rights) if (!SUDO.includes(right)) yield `sudo: ${right}`;
  for (const right of SUDO) if (!rights.includes(right)) yield `sudo lacks: ${right}`;
}

/** @returns {string[][]} keys in small letters, and values, in the order in which sshd reads them */
function sshdLines(view, path) {
  return withoutComments(view.text(path)).flatMap((line) => {
    const [key, ...words] = line.split(/[\s=]+/);
    if (key.toLowerCase() !== 'include') return [[key.toLowerCase(), words.join(' ')]];
    const [folder, ending] = words.join(' ').slice(1).split('*');
    const included = view.files.filter((file) => file.path.startsWith(folder));
    const named = included.filter((file) => file.path.endsWith(ending ?? ''));
    return named.flatMap((file) => sshdLines(view, file.path));
  });
}

export function* sshd(view) {
  const lines = sshdLines(view, 'etc/ssh/sshd_config');
  for (const [key, wanted] of Object.entries(SSHD)) {
    const values = lines.filter(([name]) => name === key).map(([, value]) => value);
    const counts = SSHD_ADDS.includes(key) ? values.join(' ') : values[0];
    if (counts !== wanted) yield `sshd: ${key} is ${counts ?? 'not set'}; it has to be ${wanted}`;
  }
  const strange = lines.filter(([key]) => !(key in SSHD) && !SSHD_HARMLESS.includes(key));
  for (const [key, value] of strange) yield `sshd: ${key} ${value}`;
  if (/^SSHD_OPTS=.*[^\s"'=]/m.test(view.text('etc/default/ssh'))) yield 'sshd gets options';
}

export function* loginFiles({ files }) {
  for (const { path, stat } of files) {
    if (!stat.isDirectory() && LOGIN_FILES.test(path)) yield `${path} could let somebody in`;
  }
}
