// Nothing of one card, of the machine that builds, or of a person is in all cards.
import { homedir, hostname } from 'node:os';
import { ROOT } from '../../../scripts/setup.mjs';

/** Made on each card, never in the image. */
const NEVER = [
  /^etc\/ssh\/ssh_host_/,
  /^etc\/snug\/(ssh|firewall\.d)\/./,
  /^etc\/snug\/(snug\.toml|release-keys)/,
  /^etc\/credstore(\.encrypted)?\/./,
  /^etc\/wpa_supplicant\/.*\.conf$/,
  /^etc\/systemd\/network\/10-card\.network$/,
  /^var\/lib\/snug(-[a-z]+)?\/./,
  /^var\/lib\/systemd\/(random-seed|credential\.secret)$/,
  /^var\/lib\/dbus\/machine-id$/,
  /^(root|home)\/.*\.(ssh|gnupg|bash_history|npmrc|config|cache)/,
  /^(run|tmp|var\/tmp)\/./,
  /^var\/(log|cache)\/.*\.(log|deb|bin)$/,
  /^etc\/apt\/(sources\.list(\.d\/0000.*)?|auth\.conf(\.d\/.*)?)$/,
  /(^|\/)(\.git|\.npmrc|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519)|hs_ed25519_secret_key)$/,
];

/** What a secret looks like, with something of the secret itself: code names such things too. */
const SECRETS = {
  'a private key':
    /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s)+[A-Za-z0-9+/=:]{20}/,
  'an age identity': /AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{40}/,
  "a key of Tor's": /== (?:ed25519v1-secret|x25519v1-secret): [^=]{1,40}==\0/,
  "an onion's key for a client": /(?:descriptor|private):x25519:[A-Z2-7]{52}/,
  'an SSB identity': /"private":\s*"[A-Za-z0-9+/]{86}==\.ed25519"/,
  'a password for a package host': /^\/\/\S+:_(?:authToken|password|auth)\s*=/m,
  'a password in an address':
    /\bhttps?:\/\/[^\s/:@"'<>{}$]+:[^\s/:@"'<>{}$]{4,}@[a-z0-9.-]+\.[a-z]{2}/,
};

/** Folders that only this machine has. */
function wordsOfThisMachine(tree) {
  const home = homedir();
  return [ROOT.replace(/\/$/, ''), tree, ...(home === '/root' ? [] : [home])];
}

export function* neverThere(view) {
  for (const { path, stat } of view.files) {
    if (!stat.isDirectory() && NEVER.some((rule) => rule.test(path)))
      yield `${path} is in the image`;
  }
  if (!view.has('etc/machine-id')) yield 'etc/machine-id is missing';
  if (view.text('etc/machine-id') !== '') yield 'etc/machine-id is not empty';
}

/** What a package brought cannot hold anything of ours; everything else is read. */
const unvouched = (view) =>
  view.files.filter(({ path, stat }) => stat.isFile() && !view.vouched(path) && !view.copied(path));

export function* secretTexts(view) {
  for (const { path } of unvouched(view)) {
    // One character for each byte, whatever the file is.
    const text = view.inside(path).toString('latin1');
    for (const [what, rule] of Object.entries(SECRETS)) {
      if (rule.test(text)) yield `${path} holds ${what}`;
    }
  }
}

/** The host's name is looked for where one stands: elsewhere "debian" could not be told from a word. */
export function* buildMachine(view) {
  const words = wordsOfThisMachine(view.tree).map((word) => Buffer.from(word));
  const host = new RegExp(`(^|[\\s@./])${hostname().replace(/\W/g, '\\$&')}([\\s.]|$)`);
  for (const { path } of unvouched(view)) {
    const content = view.inside(path);
    if (words.some((word) => content.includes(word)))
      yield `${path} names a folder of this machine`;
    const named = /^(etc|home|root)\//.test(path) && !view.ours.has(path);
    if (named && host.test(content.toString())) yield `${path} names this machine`;
  }
}
