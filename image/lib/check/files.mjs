// Every file is a package's and as that package brought it, or ours and as it lies in this checkout,
// or one of a few that programs make while packages are set up.
import { readFileSync } from 'node:fs';

/** Made while the packages were set up; other rules look into those that matter. */
const GENERATED = [
  /^boot\/(firmware\/)?initrd\.img-[^/]+$/,
  /^boot\/firmware\/(cmdline\.txt|config\.txt|snug\.toml)$/,
  /^dev\/(console|full|null|ptmx|random|tty|urandom|zero)$/,
  /^etc\/(\.pwd\.lock|\.updated|(passwd|group|shadow|gshadow)-?|sub[ug]id|machine-id)$/,
  /^etc\/(environment|hosts\.(allow|deny)|ld\.so\.cache|modules|motd|security\/opasswd|shells)$/,
  /^etc\/(default\/raspi-firmware\.dpkg-dist|initramfs-tools\/modules)$/,
  /^etc\/apparmor\.d\/(local\/[a-z_]+|tunables\/(home\.d\/ubuntu|xdg-user-dirs\.d\/site\.local))$/,
  /^etc\/pam\.d\/common-(account|auth|password|session|session-noninteractive)$/,
  /^usr\/lib\/modules\/[^/]+\/modules\.[a-z.]+$/,
  /^usr\/lib\/udev\/hwdb\.bin$/,
  /^usr\/share\/info\/dir$/,
  /^var\/(\.updated|lib\/apt\/extended_states|lib\/shells\.state)$/,
  /^var\/lib\/dpkg\/(arch|arch-native|diversions|lock|lock-frontend|status|statoverride(-old)?)$/,
  /^var\/lib\/dpkg\/alternatives\/[^/]+$/,
  /^var\/lib\/dpkg\/info\/(format|[^/]+\.(conffiles|config|list|md5sums|p(re|ost)(inst|rm)|shlibs|symbols|templates|triggers))$/,
  /^var\/lib\/dpkg\/triggers\/[A-Za-z-]+$/,
  /^var\/lib\/pam\/(account|auth|password|seen|session|session-noninteractive)$/,
  /^var\/lib\/systemd\/deb-systemd(-user)?-helper-enabled\/([^/]+\/)?[^/]+\.(service|socket|timer)(\.dsh-also)?$/,
  /^var\/lib\/ucf\/(cache\/:etc:ssh:sshd_config|hashfile|registry)$/,
];

/** Copies of a package's file, made by its scripts. */
const COPIED = [
  /^boot\/((config|vmlinuz)-[^/]+|firmware\/[^/]+|firmware\/overlays\/[^/]+)$/,
  /^etc\/(inputrc|nsswitch\.conf|profile|ssh\/sshd_config)$/,
  /^root\/\.(bashrc|profile)$/,
];

/** Links, and where each leads; units.mjs knows those of systemd. */
const LINKS = [
  / -> \/etc\/alternatives\/[^/]+$/,
  /^etc\/alternatives\/[^/]+ -> \/(bin|etc|lib|usr)\//,
  /^dev\/(fd|std(in|out|err)) -> \/proc\/self\/fd(\/[012])?$/,
  /^etc\/(default\/locale -> \.\.\/locale\.conf|dpkg\/origins\/default -> debian)$/,
  /^etc\/(localtime -> \/usr\/share\/zoneinfo\/Etc\/UTC|mtab -> \.\.\/proc\/self\/mounts)$/,
  /^etc\/(vconsole\.conf -> default\/keyboard|rc[0-6S]\.d\/[SK]\d\d([a-z]+) -> \.\.\/init\.d\/\2)$/,
  /^etc\/systemd\/(system|user)\//,
  /^usr\/local\/man -> share\/man$/,
  /^var\/(lib\/wtmpdb\/wtmp\.db -> \.\.\/\.\.\/log\/wtmp\.db|spool\/mail -> \.\.\/mail)$/,
  /^var\/log\/README -> \.\.\/\.\.\/usr\/share\/doc\/systemd\/README\.logs$/,
  /^vmlinuz(\.old)? -> boot\/vmlinuz-[^/]+$/,
];

/** Snug itself (../app.mjs). */
const APP =
  /^opt\/snug\/(current|[^/]+\/(package(-lock)?\.json|LICENSE|README\.md|snug\.example\.toml|(docs|torrc|systemd\/clearnet|dist\/src|node_modules)\/.+))$/;

const isIn = (rules, text) => rules.some((rule) => rule.test(text));

export function* strangers(view) {
  for (const { path, stat } of view.files) {
    if (stat.isDirectory() || view.ours.has(path) || APP.test(path) || view.listed(path)) continue;
    const known = stat.isSymbolicLink()
      ? isIn(LINKS, `${path} -> ${view.target(path)}`)
      : isIn(GENERATED, path) || (isIn(COPIED, path) && view.copied(path));
    if (!known) yield `${path} belongs to nobody`;
  }
}

export function* changed(view) {
  for (const { path, stat } of view.files) {
    if (!stat.isFile()) continue;
    const source = view.ours.get(path);
    if (source !== undefined && !view.bytes(path).equals(readFileSync(source))) {
      yield `${path} is not what this checkout holds`;
    }
    const theirs = view.listed(path) && !view.ours.has(path);
    if (theirs && !view.vouched(path)) yield `${path} is not as its package brought it`;
  }
  for (const path of view.ours.keys()) if (!view.has(path)) yield `${path} of ours is missing`;
}
