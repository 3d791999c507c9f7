import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const library = async <T>(file: string) =>
  (await import(new URL(`../../../image/lib/${file}`, import.meta.url).href)) as T;

interface Layer {
  readonly early?: string;
  readonly files?: string;
  readonly masked: readonly string[];
}
type Pairs = readonly (readonly [string, string])[];
interface TreeLibrary {
  installUnits(tree: string): Pairs;
  laidBy(layers: readonly Layer[], kind: 'early' | 'files'): Pairs;
  layOver(from: string, to: string): void;
}
interface LayersLibrary {
  linesOf(file: string): string[];
  readLayers(): Layer[];
}
interface CheckLibrary {
  faultsOf(tree: string, known: object): string[];
}
interface DriversLibrary {
  readonly DRIVERS: readonly string[];
}

/** Mode and owners of a path, as a card has them; no test needs to be root for that. */
interface Access {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What Debian brings, as far as the rules look at it. */
const OF_PACKAGES = {
  'etc/sudoers':
    'Defaults env_reset\nroot\tALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n',
  'etc/default/ssh': 'SSHD_OPTS=\n',
  'etc/init.d/ssh': '',
  'usr/share/openssh/sshd_config':
    'Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nX11Forwarding yes\nSubsystem sftp /x\n',
  'usr/bin/sudo': 'a program',
  'usr/lib/systemd/system/ssh.service':
    '[Unit]\nConditionPathExists=!/etc/ssh/sshd_not_to_be_run\n[Service]\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\nRuntimeDirectory=sshd\n',
  'usr/lib/systemd/system/ssh.socket': '[Socket]\nListenStream=22\n',
  'usr/lib/systemd/system/dbus.socket': '[Socket]\nListenStream=/run/dbus/system_bus_socket\n',
  'usr/lib/systemd/system/nftables.service':
    '[Service]\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n',
  'usr/lib/raspi/start.elf': 'firmware',
  'usr/lib/modules/7/modules.builtin': 'kernel/x/raspberrypi.ko\nkernel/x/pcie-brcmstb.ko\n',
  // What a module needs, in place of the module.
  'usr/lib/modules/7/kernel/x/vc4.ko.xz': 'cec',
  'usr/lib/modules/7/kernel/x/cec.ko.xz': '',
};

/** Made while packages are set up, and by the build. */
const MADE = {
  'etc/passwd':
    'root:x:0:0::/root:/bin/bash\noperator:x:37:37::/home/operator:/bin/bash\nsnug:x:990:990::/:/x\nsnug-tor:x:989:989::/:/x\n',
  'etc/shadow': 'root:*:1::::::\noperator:!*:1::::::\nsnug:!*:1::::::\nsnug-tor:!*:1::::::\n',
  'etc/group':
    'root:x:0:\nshadow:x:42:\nsudo:x:27:\noperator:x:37:\nsnug:x:990:\nsnug-tor:x:989:snug\n',
  'etc/gshadow': 'root:*::\nsudo:*::\nsnug-tor:!*::snug\n',
  'etc/machine-id': '',
  'etc/ssh/sshd_config': OF_PACKAGES['usr/share/openssh/sshd_config'],
  'boot/firmware/cmdline.txt': 'console=tty0 root=LABEL=snug-root rw\n',
  'boot/firmware/config.txt': 'kernel=vmlinuz-7\ninitramfs initrd.img-7\n',
  'boot/firmware/initrd.img-7': 'YW4gYXJjaGl2ZQ==',
  'boot/firmware/snug.toml': '# settings\r\n',
  'opt/snug/9.9.9/package.json': '{}',
};
const FIRMWARE = [
  ...['vmlinuz-7', 'bootcode.bin', 'start.elf', 'fixup.dat', 'start4.elf', 'fixup4.dat'],
  ...['2837-rpi-3-b', '2837-rpi-zero-2-w', '2711-rpi-4-b', '2712-rpi-5-b'].map(
    (b) => `bcm${b}.dtb`,
  ),
];
const EMPTY = ['home', 'root', 'etc/credstore', 'etc/credstore.encrypted', 'etc/wpa_supplicant'];

const ACCESS: Readonly<Record<string, Access>> = {
  'etc/shadow': { mode: 0o640, gid: 42 },
  'etc/gshadow': { mode: 0o640, gid: 42 },
  'etc/sudoers': { mode: 0o440 },
  'etc/credstore': { mode: 0o700 },
  'etc/credstore.encrypted': { mode: 0o700 },
  root: { mode: 0o700 },
  'usr/bin/sudo': { mode: 0o4755 },
};

/** A small file system that is as the image's has to be, and that can be spoiled and mended. */
export class FakeCard {
  readonly #access = new Map(Object.entries(ACCESS));
  readonly #undo: (() => void)[] = [];

  private constructor(
    /** The folder. */
    readonly tree: string,
    private readonly check: CheckLibrary,
    private readonly known: { ours: Map<string, string>; masked: readonly string[] },
  ) {}

  /** @returns a card without a fault, in a folder of its own */
  static async make(): Promise<FakeCard> {
    const layersLibrary = await library<LayersLibrary>('layers.mjs');
    const { installUnits, laidBy, layOver } = await library<TreeLibrary>('tree.mjs');
    const layers = layersLibrary.readLayers();
    const tree = mkdtempSync(join(tmpdir(), 'snug-card-'));
    const units = installUnits(tree);
    for (const { early, files } of layers) {
      for (const folder of [early, files]) if (folder !== undefined) layOver(folder, tree);
    }
    const ours = new Map([...laidBy(layers, 'early'), ...units, ...laidBy(layers, 'files')]);
    const masked = layers.flatMap((layer) => layer.masked);
    const card = new FakeCard(tree, await library<CheckLibrary>('check.mjs'), { ours, masked });
    for (const folder of [...EMPTY, 'usr/lib/snug/release-keys']) {
      mkdirSync(join(tree, folder), { recursive: true });
    }
    for (const [path, text] of Object.entries(MADE)) card.put(path, text);
    for (const name of FIRMWARE) card.put(`boot/firmware/${name}`, 'firmware');
    cpSync(join(ROOT, 'torrc'), join(tree, 'opt/snug/9.9.9/torrc'), { recursive: true });
    card.link('opt/snug/current', '9.9.9');
    const enabled = layersLibrary.linesOf(join(ROOT, 'image/lib/check/enabled.txt'));
    for (const line of enabled) card.enable(line);
    for (const name of masked) card.link(`etc/systemd/system/${name}`, '/dev/null');
    const { DRIVERS } = await library<DriversLibrary>('check/drivers.mjs');
    card.#writePackages(DRIVERS.map((name) => `usr/lib/modules/7/kernel/x/${name}.ko.xz`));
    card.#undo.length = 0;
    return card;
  }

  /** @param empty files of packages without content, where they have none */
  #writePackages(empty: readonly string[]): void {
    const files = { ...Object.fromEntries(empty.map((path) => [path, ''])), ...OF_PACKAGES };
    for (const [path, text] of Object.entries(files)) this.put(path, text);
    const paths = Object.entries(files);
    const sums = paths.map(([path, text]) => {
      return `${createHash('md5').update(text).digest('hex')}  ${path}`;
    });
    const folder = 'var/lib/dpkg';
    this.put(`${folder}/info/all.list`, paths.map(([path]) => `/${path}\n`).join(''));
    this.put(`${folder}/info/all.md5sums`, `${sums.join('\n')}\n`);
    this.put(`${folder}/status`, 'Package: all\n');
  }

  /** Writes a file, whatever was there. */
  put(path: string, text: string | Buffer): void {
    this.#change(path, (file) => writeFileSync(file, text));
  }

  /** Adds to a file that is there. */
  add(path: string, text: string): void {
    this.put(path, `${readFileSync(join(this.tree, path), 'utf8')}${text}`);
  }

  /** Makes a link in place of whatever is there. */
  link(path: string, target: string): void {
    this.#change(path, (file) => symlinkSync(target, file));
  }

  /** Makes a named pipe in place of whatever is there. */
  pipe(path: string): void {
    this.#change(path, (file) => execFileSync('mkfifo', [file]));
  }

  /** Takes a file or link away. */
  remove(path: string): void {
    this.#change(path, () => undefined);
  }

  /** Makes the link that a line of enabled.txt stands for. */
  enable(line: string): void {
    const [name = '', alias] = line.split(' -> ');
    const kind = name.startsWith('user/') ? 'user' : 'system';
    const own = name.replace(/^user\//, '');
    const target = alias ?? own.replace(/^.*\//, '');
    this.link(`etc/systemd/${kind}/${own}`, `/usr/lib/systemd/${kind}/${target}`);
  }

  /** Gives a path another mode or owner. */
  own(path: string, access: Access): void {
    const before = this.#access.get(path);
    this.#undo.push(() => this.#access.set(path, before ?? {}));
    this.#access.set(path, { ...before, ...access });
  }

  /** @returns every fault that the rules find */
  faults(capabilities: readonly string[] = []): string[] {
    const lstat = (path: string) => this.#lstat(path);
    // In place of what packs an initramfs.
    const unpack = (content: Buffer) => Buffer.from(content.toString(), 'base64');
    const dependsOf = (module: Buffer) => module.toString().split(',').filter(Boolean);
    const known = { ...this.known, capabilities, lstat, unpack, dependsOf };
    return this.check.faultsOf(this.tree, known);
  }

  /** Makes it as it was at first. */
  mend(): void {
    for (const step of this.#undo.splice(0).reverse()) step();
  }

  /** Takes the whole folder away. */
  discard(): void {
    rmSync(this.tree, { recursive: true });
  }

  #lstat(file: string): Stats {
    const stat = lstatSync(file);
    const {
      mode = stat.isDirectory() ? 0o755 : 0o644,
      uid = 0,
      gid = 0,
    } = this.#access.get(file.slice(this.tree.length + 1)) ?? {};
    return Object.assign(stat, { mode: (stat.mode & ~0o7777) | mode, uid, gid });
  }

  #change(path: string, write: (file: string) => void): void {
    const file = join(this.tree, path);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    const target = stat?.isSymbolicLink() ? readlinkSync(file) : undefined;
    const text = stat?.isFile() ? readFileSync(file) : undefined;
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    write(file);
    this.#undo.push(() => {
      rmSync(file, { force: true });
      if (target !== undefined) symlinkSync(target, file);
      if (text !== undefined) writeFileSync(file, text);
      this.#removeEmpty(dirname(path));
    });
  }

  /** Folders that only a spoiled card had would be faults of the next one. */
  #removeEmpty(folder: string): void {
    if (folder === '.' || EMPTY.includes(folder)) return;
    if (readdirSync(join(this.tree, folder)).length > 0) return;
    rmSync(join(this.tree, folder), { recursive: true });
    this.#removeEmpty(dirname(folder));
  }
}

/**
 * Spoils a card in several ways, one after the other.
 *
 * @param card without a fault
 * @param ways each with what spoils the card and with the fault that has to be found
 * @throws AssertionError naming the way that was not found
 */
export function findsEach(
  card: FakeCard,
  ways: Readonly<Record<string, readonly [spoil: () => void, fault: RegExp]>>,
): void {
  for (const [what, [spoil, fault]] of Object.entries(ways)) {
    spoil();
    const faults = card.faults();
    card.mend();
    const found = faults.some((one) => fault.test(one));
    assert.ok(found, `${what}: ${JSON.stringify(faults)}`);
  }
  assert.deepEqual(card.faults(), [], 'mended');
}
