// Programs that have more rights than whoever starts them, and files that are devices.

/** The only program that may lend its user's rights: the operator becomes root with it. */
const SETUID = ['usr/bin/sudo'];

/** The only programs with capabilities of their own: none. */
const CAPABLE = [];

/** What the kernel and udev replace at boot (devtmpfs). */
const DEVICES = /^dev\/(console|full|null|ptmx|random|tty|urandom|zero)$/;

export function* setuid({ files }) {
  for (const { path, stat } of files) {
    if (stat.isFile() && stat.mode & 0o6000 && !SETUID.includes(path)) {
      yield `${path} is set-user-id or set-group-id`;
    }
  }
  for (const path of SETUID) {
    const stat = files.find((file) => file.path === path)?.stat;
    if (stat === undefined || (stat.mode & 0o6777) !== 0o4755 || stat.uid !== 0) {
      yield `${path} cannot do its work`;
    }
  }
}

export function* capabilities(view) {
  const more = view.capabilities.filter((path) => !CAPABLE.includes(path));
  for (const path of more) yield `${path} has capabilities`;
}

export function* devices({ files }) {
  for (const { path, stat } of files) {
    const plain = stat.isFile() || stat.isDirectory() || stat.isSymbolicLink();
    if (!plain && !(stat.isCharacterDevice() && DEVICES.test(path))) {
      yield `${path} is a device, a pipe or a socket`;
    }
  }
}
