#!/bin/sh
# Run by mmdebstrap with the root as $1, when all packages are set up: takes away what is of this
# build or must be of each card's own.
set -e
cd "$1"
# Only of the build: unsafe-io and the rest; early/etc/dpkg/dpkg.cfg.d/snug-small stays.
rm -f etc/dpkg/dpkg.cfg.d/99mmdebstrap etc/apt/apt.conf.d/99mmdebstrap
# The mirror of the build machine; the card has Debian's onion mirrors (40-appliance).
rm -f etc/apt/sources.list etc/apt/sources.list.d/*
# Host keys, machine id and seeds: made by each card at its first boot.
rm -f etc/ssh/ssh_host_*_key etc/ssh/ssh_host_*_key.pub var/lib/systemd/random-seed
: >etc/machine-id
rm -f var/lib/dbus/machine-id etc/hostname etc/resolv.conf
# What only slows down or changes from build to build.
find var/log var/cache -type f -delete
rm -rf var/lib/apt/lists/* run/* tmp/* var/tmp/* root/.cache
rm -f var/lib/dpkg/*-old etc/*- var/lib/ucf/*.[0-9] var/lib/systemd/catalog/database
# A hundred profiles for programs that are not here take half a minute at each boot: Tor's stays.
find etc/apparmor.d -maxdepth 1 -type f ! -name 'system_tor' -delete
# Programs that lend their user's rights, for which nobody here has a use; the operator has sudo.
# dpkg remembers it for updates.
find usr -type f -perm /6000 ! -path usr/bin/sudo | sort | while read -r program; do
  chroot . dpkg-statoverride --force-statoverride-add --update --add root root 0755 "/$program"
done
