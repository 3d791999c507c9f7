import type { AddCommands } from '../cli.js';
import type { Terminal } from '../terminal.js';

/** How ssh is reached, as the relay reports it. */
interface SshAccess {
  /** With `.onion`. */
  readonly host: string;
  /** x25519, base32: the operator's half of the client authorisation. */
  readonly clientKey: string;
  readonly user: string;
}

function authLine({ host, clientKey }: SshAccess): string {
  return `${host.replace(/\.onion$/, '')}:descriptor:x25519:${clientKey}`;
}

/** For OpenBSD's nc, which Debian and macOS have; port 9050 is that of a system's Tor. */
function sshConfig({ host, user }: SshAccess): string[] {
  return [
    'Host snug',
    `  HostName ${host}`,
    `  User ${user}`,
    '  ProxyCommand nc -X 5 -x 127.0.0.1:9050 %h %p',
    '  ServerAliveInterval 60',
  ];
}

function printSsh({ out, err }: Terminal, access: SshAccess): void {
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  err('Whoever has the key below can find the ssh server of this relay: keep it to yourself.');
  for (const line of [
    `Onion     ${access.host}`,
    '',
    '1. On your own computer, in the torrc of its Tor (as root; then restart that Tor):',
    ...indented(['ClientOnionAuthDir /var/lib/tor/onion_auth']),
    '   and in that folder a file snug.auth_private, readable for that Tor alone, with this line:',
    ...indented([authLine(access)]),
    '2. In your ~/.ssh/config (the port is 9150 if you use the Tor of Tor Browser):',
    ...indented(sshConfig(access)),
    '3. Then: ssh snug',
  ]) {
    out(line);
  }
}

/** `snug ssh show` */
export const addSsh: AddCommands = (root, { ask, terminal }) => {
  const ssh = root.command('ssh').description('maintenance over an onion of its own');
  ssh
    .command('show')
    .description('how to connect, with the key that opens the onion')
    .option('--json', 'for scripts: host, clientKey, user, authLine, config', false)
    .action(async (options: { json: boolean }) => {
      const access = (await ask('ssh.show')) as SshAccess;
      if (!options.json) return printSsh(terminal, access);
      const lines = { authLine: authLine(access), config: sshConfig(access).join('\n') };
      terminal.out(JSON.stringify({ ...access, ...lines }));
    });
};
