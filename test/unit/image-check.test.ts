import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FakeCard, findsEach } from '../support/fake-card.js';

/*
 * The rules that the card's file system has to keep (image/lib/check/), on a small one: it is without
 * fault, and each way of spoiling it is found. Here: who may do what. image-files.test.ts: what lies there.
 */

const card = await FakeCard.make();
after(() => card.discard());

test('a card that is as it must be has no fault', () => {
  assert.deepEqual(card.faults(), []);
});

const UNITS = 'usr/lib/systemd/system';
const TMPFILES = 'usr/lib/tmpfiles.d';

test('a folder of keys or sockets with another mode or owner is named', () =>
  findsEach(card, {
    'tmpfiles.d opens the folder between the relay and Tor': [
      () => card.put(`${TMPFILES}/snug.conf`, 'd /run/snug-to-tor 2755 snug snug-tor\n'),
      /makes \/run\/snug-to-tor 2755 snug snug-tor; it has to be 2750/,
    ],
    'tmpfiles.d gives it to somebody else': [
      () => card.put(`${TMPFILES}/snug.conf`, 'd /run/snug-to-tor 2750 root snug-tor\n'),
      /makes \/run\/snug-to-tor 2750 root/,
    ],
    'a package sets the mode later': [
      () => card.put(`${TMPFILES}/other.conf`, 'z /etc/credstore 0755 - -\n'),
      /other\.conf makes \/etc\/credstore 0755/,
    ],
    'a unit opens the state of Tor': [
      () => card.add(`${UNITS}/snug-tor.service`, 'StateDirectoryMode=0755\n'),
      /makes \/var\/lib\/snug-tor 0755/,
    ],
    'a unit runs as somebody else': [
      () => card.add(`${UNITS}/snug.service`, 'User=root\nGroup=root\n'),
      /makes \/var\/lib\/snug 0700 root root/,
    ],
    'a drop-in does': [
      () =>
        card.put(
          `etc/systemd/system/snug.service.d/x.conf`,
          '[Service]\nRuntimeDirectoryMode=0755\n',
        ),
      /makes \/run\/snug 0755/,
    ],
    'the door for ssh is for all': [
      () => card.add(`${UNITS}/snug-ssh.socket`, 'SocketMode=0666\n'),
      /makes \/run\/snug-ssh\/ssh\.sock 0666/,
    ],
    'the key of the onion can be read': [
      () =>
        card.add(
          `${UNITS}/snug-tor.service`,
          'ExecStartPre=/usr/bin/install -m 0644 /x /var/lib/snug-tor/onion/hs_ed25519_secret_key\n',
        ),
      /hs_ed25519_secret_key 0644/,
    ],
    'nothing makes a folder any more': [
      () => card.put(`${TMPFILES}/snug.conf`, ''),
      /nothing makes \/run\/snug-to-tor/,
    ],
    'a new folder of ours is not in the table': [
      () => card.add(`${UNITS}/snug.service`, 'CacheDirectory=snug\n'),
      /\/var\/cache\/snug .* is not among the places/,
    ],
    'the tree opens one': [
      () => card.own('etc/credstore', { mode: 0o755 }),
      /etc\/credstore is 0755 root root; it has to be 0700/,
    ],
    'the tree gives one away': [
      () => card.own('etc/shadow', { uid: 990 }),
      /etc\/shadow is 0640 snug/,
    ],
    'an owner without a name': [() => card.own('usr/bin/sudo', { gid: 4711 }), /owned by nobody/],
    'everybody may write': [
      () => card.own('etc/machine-id', { mode: 0o666 }),
      /etc\/machine-id is 0666 root root; it has to be root's/,
    ],
    'the relay may change itself': [
      () => card.own('opt/snug/9.9.9/package.json', { uid: 990 }),
      /package\.json is 0644 snug root; it has to be root's/,
    ],
    'the relay may change a unit': [
      () => card.own(`${UNITS}/snug.service`, { uid: 990 }),
      /snug\.service is 0644 snug root; it has to be root's/,
    ],
  }));

test('a firewall that is not the template, all of it, is named', () =>
  findsEach(card, {
    'one line more': [
      () => card.add('etc/snug/snug.nft', 'add rule inet snug output accept\n'),
      /etc\/snug\/snug\.nft is not systemd\/snug\.nft/,
    ],
    'no firewall': [() => card.remove('etc/snug/snug.nft'), /etc\/snug\/snug\.nft is not/],
    'another rule to choose': [
      () =>
        card.put('usr/lib/snug/firewall.d/ssh-lan.nft', 'add rule inet snug input_local accept\n'),
      /firewall\.d\/ssh-lan\.nft is not systemd/,
    ],
    'one more to choose': [
      () => card.put('usr/lib/snug/firewall.d/all.nft', ''),
      /all\.nft is no rule of ours/,
    ],
    'one in force': [
      () => card.put('etc/snug/firewall.d/ssh-lan.nft', ''),
      /ssh-lan\.nft is in force/,
    ],
    'another file is loaded': [
      () =>
        card.put(
          `${UNITS}/snug-firewall.service`,
          '[Service]\nExecStart=/usr/sbin/nft -f /etc/x\n',
        ),
      /snug-firewall\.service: ExecStart is not/,
    ],
    'a drop-in loads more': [
      () =>
        card.put(
          'etc/systemd/system/snug-firewall.service.d/x.conf',
          '[Service]\nExecStartPost=/usr/sbin/nft flush ruleset\n',
        ),
      /snug-firewall\.service has ExecStartPost/,
    ],
    "Debian's own is loaded over it": [
      () => card.enable('sysinit.target.wants/nftables.service'),
      /nftables\.service can change the firewall/,
    ],
  }));

test('a unit that runs, or does not run, beyond the list is named', () =>
  findsEach(card, {
    'one more': [
      () => card.enable('multi-user.target.wants/nftables.service'),
      /multi-user\.target\.wants\/nftables\.service is enabled/,
    ],
    'one more, by a package': [
      () => card.link(`${UNITS}/timers.target.wants/x.timer`, '../x.timer'),
      /timers\.target\.wants\/x\.timer is enabled/,
    ],
    'one of ours that the list lacks': [
      () => card.enable('multi-user.target.wants/snug-clock.service'),
      /snug-clock\.service is enabled/,
    ],
    'one less': [
      () =>
        card.remove('etc/systemd/system/systemd-networkd.service.requires/snug-firewall.service'),
      /requires\/snug-firewall\.service is not enabled/,
    ],
    'the name of one that leads to another': [
      () => card.link('etc/systemd/system/multi-user.target.wants/snug.service', '/opt/x.service'),
      /snug\.service -> \/opt\/x\.service is enabled/,
    ],
    'a session of the operator starts more': [
      () => card.enable('user/default.target.wants/x.service'),
      /user\/default\.target\.wants\/x\.service is enabled/,
    ],
    'a door is not closed': [
      () => card.remove('etc/systemd/system/sshd-vsock.socket'),
      /sshd-vsock\.socket is not masked/,
    ],
    'one closed without a reason': [
      () => card.link('etc/systemd/system/apparmor.service', '/dev/null'),
      /apparmor\.service is masked/,
    ],
    'a script of old': [
      () => card.put('etc/init.d/x', ''),
      /etc\/init\.d\/x would become a service/,
    ],
    'another target': [
      () => card.link('etc/systemd/system/default.target', '/usr/lib/systemd/system/rescue.target'),
      /default\.target -> rescue\.target is enabled/,
    ],
  }));

const SSHD = 'etc/ssh/sshd_config.d';

test('whoever could come in by more than the key of the card is named', () =>
  findsEach(card, {
    'a password': [
      () => card.add('etc/shadow', 'x:$y$j9T$abc:1::::::\n'),
      /etc\/shadow: x has a password/,
    ],
    'no password needed': [() => card.add('etc/shadow', 'x::1::::::\n'), /x has a password/],
    'no password needed, without shadow': [
      () => card.add('etc/passwd', 'operator2::38:37::/:/bin/sh\n'),
      /operator2 has a password, or needs none/,
    ],
    'a password of a group': [
      () => card.add('etc/gshadow', 'x:abc::\n'),
      /gshadow: x has a password/,
    ],
    'a second root': [
      () => card.add('etc/passwd', 'toor:x:0:0::/:/bin/sh\n'),
      /toor is another name/,
    ],
    'Tor in the group of the relay': [
      () => card.add('etc/group', 'snugs:x:991:snug-tor\n'),
      /the group snugs has the members "snug-tor"/,
    ],
    'a key in the image': [
      () => card.put('root/.ssh/authorized_keys', 'ssh-ed25519 AAAA\n'),
      /authorized_keys could let somebody in/,
    ],
    'a right of sudo': [
      () => card.put('etc/sudoers.d/zz', 'snug ALL=(ALL) NOPASSWD: ALL\n'),
      /^sudo: snug ALL/,
    ],
    'a loose default of sudo': [
      () => card.put('etc/sudoers.d/zz', 'Defaults !authenticate\n'),
      /^sudo: Defaults !authenticate/,
    ],
    'another folder of sudo': [
      () => card.put('etc/sudoers.d/zz', '#includedir /opt/x\n'),
      /^sudo: @includedir \/opt\/x/,
    ],
    'passwords over ssh, in a file that comes first': [
      () => card.put(`${SSHD}/00-x.conf`, 'PasswordAuthentication yes\n'),
      /passwordauthentication is yes/,
    ],
    'root over ssh': [
      () => card.put(`${SSHD}/00-x.conf`, 'permitrootlogin=yes\n'),
      /permitrootlogin is yes/,
    ],
    'one more user': [
      () => card.put(`${SSHD}/20-x.conf`, 'AllowUsers snug\n'),
      /allowusers is operator snug/,
    ],
    'an exception': [() => card.put(`${SSHD}/20-x.conf`, 'Match User x\n'), /sshd: match User x/],
    'keys by a program': [
      () => card.put(`${SSHD}/20-x.conf`, 'AuthorizedKeysCommand /x\n'),
      /sshd: authorizedkeyscommand/,
    ],
    'our settings gone': [
      () => card.remove(`${SSHD}/10-snug.conf`),
      /passwordauthentication is not set/,
    ],
    'options on the command line': [
      () => card.put('etc/default/ssh', 'SSHD_OPTS="-o PermitRootLogin=yes"\n'),
      /sshd gets options/,
    ],
  }));

test('rights beyond the list are named', () =>
  findsEach(card, {
    'set-user-id': [
      () => card.own('usr/share/openssh/sshd_config', { mode: 0o4755 }),
      /is set-user-id/,
    ],
    'set-group-id': [
      () => card.own('etc/default/ssh', { mode: 0o2755 }),
      /is set-user-id or set-group-id/,
    ],
    'a pipe': [() => card.pipe('dev/initctl'), /dev\/initctl is a device, a pipe or a socket/],
    'a sudo that cannot': [
      () => card.own('usr/bin/sudo', { mode: 0o755 }),
      /sudo cannot do its work/,
    ],
  }));

test('a program with capabilities is named', () => {
  assert.deepEqual(card.faults(['usr/bin/ping']), ['usr/bin/ping has capabilities']);
});

test('whatever could listen, but ssh, is named', () =>
  findsEach(card, {
    'a port': [
      () => card.put(`${UNITS}/dbus.socket`, '[Socket]\nListenStream=127.0.0.1:8008\n'),
      /dbus\.socket listens on 127\.0\.0\.1:8008/,
    ],
    'a datagram port of ours, by a drop-in': [
      () => card.put(`${UNITS}/snug-ssh.socket.d/x.conf`, '[Socket]\nListenDatagram=5353\n'),
      /snug-ssh\.socket listens on 5353/,
    ],
    'an abstract or machine socket': [
      () => card.put(`${UNITS}/x.socket`, '[Socket]\nListenStream=vsock::22\n'),
      /x\.socket listens on vsock::22/,
    ],
    'ssh without its conditions': [
      () => card.enable('sockets.target.wants/ssh.socket'),
      /^ssh\.socket is enabled/,
    ],
    'ssh on the LAN unasked': [
      () => card.remove(`${UNITS}/ssh.service.d/snug.conf`),
      /ssh\.service: ConditionFileNotEmpty is changed/,
    ],
    'ssh on the LAN without the firewall': [
      () =>
        card.put(
          'etc/systemd/system/ssh.service.d/x.conf',
          '[Unit]\nConditionPathExists=\nConditionPathExists=/etc\n',
        ),
      /ssh\.service: ConditionPathExists is changed/,
    ],
    'ssh over the onion without a key': [
      () => card.add(`${UNITS}/snug-ssh.socket`, '[Unit]\nConditionFileNotEmpty=\n'),
      /snug-ssh\.socket opens without a key/,
    ],
    'a port of Tor for all': [
      () => card.add('opt/snug/9.9.9/torrc/snug.torrc', 'DNSPort 0.0.0.0:53\n'),
      /DNSPort is no unix socket/,
    ],
    'another port for apt': [
      () =>
        card.add(
          `${UNITS}/snug-tor.service`,
          'ExecStart=\nExecStart=/usr/bin/tor -f /run/snug-to-tor/torrc "+SocksPort" "0.0.0.0:9050"\n',
        ),
      /starts Tor with other ports/,
    ],
    'names in clear text': [
      () => card.put(`${UNITS}/systemd-resolved.service`, ''),
      /systemd-resolved\.service is in the image/,
    ],
    mDNS: [
      () => card.put(`${UNITS}/avahi-daemon.socket`, ''),
      /avahi-daemon\.socket is in the image/,
    ],
    'a network that asks for names': [
      () => card.put('etc/systemd/network/80-lan.network', '[DHCPv4]\nUseDNS=yes\n'),
      /UseDNS has to be no/,
    ],
  }));
