#!/bin/sh
# Run by mmdebstrap with the root as $1, when all packages are set up: one initramfs for the one
# kernel (INITRD=No kept the packages from making several; each takes minutes under emulation).
set -e
chroot "$1" update-initramfs -c -k all
# raspi-firmware copied its own files when it was set up; now the kernel, its initramfs and texts.
chroot "$1" env DEB_MAINT_PARAMS=configure /etc/kernel/postinst.d/z40-snug-device-trees
chroot "$1" env DEB_MAINT_PARAMS=configure /etc/kernel/postinst.d/z50-raspi-firmware
# Variants with a camera or a debugger, which config.txt does not ask for.
for variant in start_x start_db start_cd start4x start4db start4cd fixup_x fixup_db fixup_cd fixup4x fixup4db fixup4cd; do
  rm -f "$1/boot/firmware/$variant.elf" "$1/boot/firmware/$variant.dat"
done
