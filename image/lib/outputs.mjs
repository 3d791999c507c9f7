// What goes beside the image: hashes, what is in it, and how Raspberry Pi Imager may write it.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { must } from './run.mjs';

/** @returns {Promise<string>} SHA-256 of a file, in hex */
export async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Compresses in blocks whose size does not depend on how many processors there are. */
export async function compress(image) {
  await must('xz', ['-6', '--threads=2', '--block-size=64MiB', '--keep', '--force', image]);
  return `${image}.xz`;
}

/** @returns {object[]} CycloneDX components of Debian packages; @param {string[]} versions lock lines */
function debianComponents(versions) {
  return versions.map((line) => {
    const [name, version, hash] = line.split(' ');
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=arm64&distro=trixie`;
    return {
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      purl,
      hashes: [{ alg: 'SHA-256', content: hash }],
    };
  });
}

/** @returns {object[]} CycloneDX components of npm packages that lie in a node_modules */
function npmComponents(home) {
  const lock = JSON.parse(readFileSync(join(home, 'node_modules', '.package-lock.json'), 'utf8'));
  // Some are pruned (lib/app.mjs): what is not on the card is not in its bill.
  const there = Object.entries(lock.packages).filter(([path]) => existsSync(join(home, path)));
  return there.map(([path, { version, integrity, license }]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const [, digest] = /^sha512-(\S+)/.exec(integrity ?? '') ?? [];
    const hashes = digest && [
      { alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') },
    ];
    return {
      type: 'library',
      'bom-ref': `npm:${path}@${version}`,
      name,
      version,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      ...(typeof license === 'string' ? { licenses: [{ license: { name: license } }] } : {}),
      ...(hashes ? { hashes } : {}),
    };
  });
}

/** @returns {object} a bill of materials, CycloneDX 1.5, the same for the same commit */
export function billOfMaterials({ version, versions, home, epoch }) {
  const components = [...debianComponents(versions), ...npmComponents(home)];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: { type: 'operating-system', 'bom-ref': 'snug', name: 'snug', version },
    },
    components: components.sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
  };
}

/**
 * What Raspberry Pi Imager 2 reads: with it, it offers its own settings (ssh key, Wi-Fi, host name),
 * which the card honours (src/appliance/preseed.ts).
 */
function imagerManifest({ version, image, packed, hashes, epoch, url }) {
  const entry = {
    name: `Snug ${version}`,
    description: 'A Scuttlebutt relay behind an onion address',
    url: url === undefined ? `file://${packed}` : `${url.replace(/\/$/, '')}/${basename(packed)}`,
    release_date: new Date(epoch * 1000).toISOString().slice(0, 10),
    extract_size: statSync(image).size,
    extract_sha256: hashes.image,
    image_download_size: statSync(packed).size,
    image_download_sha256: hashes.packed,
    init_format: 'rpi-preseed',
    devices: ['pi3-64bit', 'pi4-64bit', 'pi5-64bit'],
    architecture: 'armv8',
  };
  return { os_list: [entry] };
}

/**
 * Writes everything that goes beside `<name>.img`.
 * @returns {Promise<{ image: string, packed: string }>} SHA-256 of the image, plain and compressed
 */
export async function writeOutputs({ image, packed, version, versions, home, epoch, url }) {
  const hashes = { image: await sha256(image), packed: await sha256(packed) };
  const base = image.replace(/\.img$/, '');
  const json = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
  writeFileSync(`${packed}.sha256`, `${hashes.packed}  ${basename(packed)}\n`);
  writeFileSync(`${base}.packages`, `${versions.join('\n')}\n`);
  json(`${base}.cdx.json`, billOfMaterials({ version, versions, home, epoch }));
  json(
    `${base}.rpi-imager-manifest`,
    imagerManifest({ version, image, packed, hashes, epoch, url }),
  );
  return hashes;
}
