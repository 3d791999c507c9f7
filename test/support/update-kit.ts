import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Relay, Step, Tools } from '../../src/update/apply.js';
import { publicKeyText } from '../../src/update/keys.js';
import { packBundle } from '../../src/update/pack.js';
import { type Places, placesBelow } from '../../src/update/places.js';

const GIB = 1024 ** 3;

/** What a made-up version says of itself. */
export interface Making {
  readonly card?: number;
  readonly state?: { readonly reads: number; readonly writes: number };
  readonly arch?: 'arm64' | 'x64';
  readonly key?: KeyObject;
  /** Left out of the tree. */
  readonly without?: string;
}

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Lays a version into a folder: what every version has, and two files of its own. */
export function layVersion(folder: string, version: string, making: Making = {}): void {
  const { card = 1, state = { reads: 1, writes: 1 }, without } = making;
  const snug = { card, state };
  put(join(folder, 'package.json'), JSON.stringify({ name: 'snug', version, snug }));
  const parts = ['dist/src/main.js', 'dist/src/update/main.js', 'torrc/snug.torrc', 'tool'];
  for (const part of parts) {
    if (part !== without) put(join(folder, part), `${part} of ${version}\n`.repeat(50));
  }
  chmodSync(join(folder, 'tool'), 0o755);
}

/** @returns every path below a folder with its type, mode and content */
export function picture(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }).map(String).sort();
  return names.map((name) => {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
    const mode = (stat.mode & 0o777).toString(8);
    return stat.isDirectory()
      ? `${name}/ ${mode}`
      : `${name} ${mode} ${readFileSync(path, 'utf8')}`;
  });
}

/** A card's file system, as far as updates go, in a folder of its own. */
export class FakeCard {
  readonly root: string;
  readonly places: Places;
  readonly privateKey: KeyObject;
  readonly steps: Step[] = [];
  readonly restarts: string[] = [];
  /** Versions that become ready. */
  readonly sound = new Set<string>(['1.0.0', '1.1.0', '1.2.0']);
  free = GIB;

  /** @param root of an existing one, else a new one with Snug 1.0.0 on it is made */
  constructor(root?: string) {
    this.root = root ?? mkdtempSync(join(tmpdir(), 'snug-update-'));
    this.places = placesBelow(this.root);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.privateKey = privateKey;
    if (root !== undefined) return;
    put(join(this.places.keys[0] ?? '', 'release.pub'), publicKeyText(publicKey));
    put(this.places.card, '1\n');
    put(this.places.unit, '');
    mkdirSync(this.places.spool, { recursive: true });
    layVersion(join(this.places.home, '1.0.0'), '1.0.0');
    symlinkSync('1.0.0', join(this.places.home, 'current'));
  }

  /** @returns a new bundle of a made-up version */
  async bundle(version: string, making: Making = {}): Promise<string> {
    const folder = join(this.root, 'made', version);
    rmSync(folder, { recursive: true, force: true });
    layVersion(folder, version, making);
    const target = join(this.root, 'made', `${version}.bundle`);
    const { arch = 'arm64', key = this.privateKey } = making;
    await packBundle({ folder, target, arch, epoch: 1_700_000_000, privateKey: key });
    return target;
  }

  link(name: 'current' | 'previous' | 'trial'): string | undefined {
    const path = join(this.places.home, name);
    return lstatSync(path, { throwIfNoEntry: false }) && readlinkSync(path);
  }

  /** What `apply` works with; the relay notes what it was started from. */
  tools(): Tools {
    const relay: Relay = {
      restart: async () => {
        this.restarts.push(this.link('current') ?? 'nothing');
      },
      waitReady: async (version) => version === this.link('current') && this.sound.has(version),
    };
    return {
      places: this.places,
      arch: 'arm64',
      free: async () => this.free,
      relay,
      step: (step) => this.steps.push(step),
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
