// A Wi-Fi network for a board that has no radio: the kernel's simulated one, which the image leaves
// out, with two radios. One is the card's wlan0, the other one an access point.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage, findMirrors, sourceLines } from '../lib/apt.mjs';
import { readLock } from '../lib/lock.mjs';
import { must } from '../lib/run.mjs';

const HOME = '/usr/local/lib/snug-test/air';

const UNIT = `[Unit]
Description=Test: a network in the air
After=snug-card-settings.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/modprobe mac80211
ExecStart=/usr/sbin/insmod ${HOME}/mac80211_hwsim.ko radios=2
ExecStart=/usr/sbin/wpa_supplicant -B -i wlan1 -c ${HOME}/access-point.conf
[Install]
WantedBy=multi-user.target
`;

/** @returns {Promise<Buffer>} the module that belongs to the image's kernel */
async function fetchModule(folder) {
  const line = readLock().versions.find((text) => text.startsWith('linux-modules-'));
  const [name, version] = line.split(' ');
  const sources = sourceLines(await findMirrors({}));
  mkdirSync(folder, { recursive: true });
  const file = await fetchPackage({ folder, sources, name, version });
  await must('dpkg-deb', ['--extract', file, folder]);
  const kernel = name.replace('linux-modules-', '');
  const place = 'kernel/drivers/net/wireless/virtual/mac80211_hwsim.ko';
  const module = join(folder, 'usr/lib/modules', kernel, place);
  await must('xz', ['--decompress', `${module}.xz`]);
  return readFileSync(module);
}

/**
 * @param {{ folder: string, ssid: string, password: string }} wish `folder` for what is fetched
 * @returns {Promise<Record<string, string | Buffer>>} files for the card's root file system
 */
export async function airFiles({ folder, ssid, password }) {
  const network = [`ssid="${ssid}"`, 'mode=2', 'frequency=2412', 'key_mgmt=WPA-PSK'];
  const lines = ['network={', ...network, `psk="${password}"`, '}', ''];
  return {
    [`${HOME}/mac80211_hwsim.ko`]: await fetchModule(folder),
    [`${HOME}/access-point.conf`]: lines.join('\n'),
    // It is not the card's.
    '/etc/systemd/network/05-air.network': '[Match]\nName=wlan1\n[Link]\nUnmanaged=yes\n',
    '/etc/systemd/system/test-air.service': UNIT,
    '/etc/systemd/system/multi-user.target.wants/test-air.service':
      '-> /etc/systemd/system/test-air.service',
  };
}
