// What drives the boards: each module of the kernel is there, and so is what it needs. dpkg leaves many
// modules out (10-base), and one that is needed too would only be missed on a real board.
import { execFileSync } from 'node:child_process';

/** Screen, network, card, USB, watchdog of Pi 3, 4, 5 and Zero 2 W; compressed swap; a Pi 5's own chip. */
export const DRIVERS = [
  ...['vc4', 'v3d', 'brcmfmac', 'brcmfmac_wcc', 'genet', 'macb', 'lan78xx', 'smsc95xx', 'broadcom'],
  ...['bcm2835', 'sdhci_iproc', 'sdhci_brcmstb', 'pcie_brcmstb', 'xhci_pci', 'dwc2', 'dwc3'],
  ...['bcm2835_wdt', 'raspberrypi', 'zram', 'rp1_pci', 'clk_rp1', 'pinctrl_rp1'],
];

const MODULE = /^usr\/lib\/modules\/[^/]+\/kernel\/.*\/([^/]+)\.ko(\.xz)?$/;
const MOST = 64 * 1024 ** 2;
const plain = (name) => name.replaceAll('-', '_');

/**
 * @param {Buffer} packed a module of the kernel as Debian packs it
 * @returns {string[]} names of the modules that it needs (modinfo(8), depends)
 */
export function dependsOf(packed) {
  const module = execFileSync('xz', ['--decompress', '--stdout'], {
    input: packed,
    maxBuffer: MOST,
  });
  const [, names = ''] = /\0depends=([^\0]*)\0/.exec(module.toString('latin1')) ?? [];
  return names.split(',').filter(Boolean).map(plain);
}

export function* drivers(view) {
  const modules = new Map();
  const builtIn = new Set();
  for (const { path } of view.files) {
    const name = MODULE.exec(path)?.[1];
    if (name !== undefined) modules.set(plain(name), path);
    if (!path.endsWith('/modules.builtin')) continue;
    for (const line of view.text(path).split('\n')) {
      builtIn.add(plain(/([^/]+)\.ko$/.exec(line)?.[1] ?? ''));
    }
  }
  const wanted = DRIVERS.map((name) => ({ name, by: 'a board' }));
  const seen = new Set();
  for (const { name, by } of wanted) {
    if (seen.has(name) || builtIn.has(name)) continue;
    seen.add(name);
    const path = modules.get(name);
    if (path === undefined) yield `the kernel's module ${name} is missing, which ${by} needs`;
    else wanted.push(...view.dependsOf(path).map((one) => ({ name: one, by: name })));
  }
}
