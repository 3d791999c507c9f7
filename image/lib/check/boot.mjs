// What the boards' own loader reads from the FAT partition.

const BOARDS = ['2837-rpi-3-b', '2837-rpi-zero-2-w', '2711-rpi-4-b', '2712-rpi-5-b'];
const FIRMWARE = ['bootcode.bin', 'start.elf', 'fixup.dat', 'start4.elf', 'fixup4.dat'];
const FAT = 'boot/firmware';

export function* boot(view) {
  const config = view.text(`${FAT}/config.txt`);
  const named = [...config.matchAll(/^(?:kernel=|initramfs )(\S+)/gm)].map(([, name]) => name);
  if (named.length !== 2) yield 'config.txt names no kernel or no initramfs';
  const trees = BOARDS.map((board) => `bcm${board}.dtb`);
  for (const name of [...named, ...trees, ...FIRMWARE, 'cmdline.txt', 'snug.toml']) {
    if (!view.has(`${FAT}/${name}`)) yield `${FAT}/${name} is missing`;
  }
  if (/ cma=/.test(view.text(`${FAT}/cmdline.txt`)))
    yield 'cmdline.txt says cma=, which a Pi 4 does not bear';
  if (!/ root=LABEL=snug-root /.test(view.text(`${FAT}/cmdline.txt`))) {
    yield 'cmdline.txt does not name the root file system';
  }
}
