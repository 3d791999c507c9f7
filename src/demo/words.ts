/** What `npm run demo -- --json` prints in one line. */
export interface DemoReport {
  /** The page for visitors, to be opened over Tor. */
  readonly site: string;
  /** The onion host alone. */
  readonly onion: string;
  /** The relay's multiserver address. */
  readonly ssb: string;
  /** A SOCKS port of the private network, host:port. */
  readonly socks: string;
  /** The folder that holds everything of this demo. */
  readonly state: string;
  /** The relay's configuration, for `snug --config`. */
  readonly config: string;
  /** Its control socket. */
  readonly control: string;
}

/** @returns how to visit, join and look after the demo's relay, as lines */
export function inWords(report: DemoReport): string[] {
  const { site, socks, config, ssb } = report;
  const [host = '', port = ''] = socks.split(':');
  return [
    '',
    `Snug is ready:  ${site}/invite/`,
    '',
    'This address exists only on a private Tor network on this machine. Open it in',
    '  Chromium:  ',
    `    chromium --user-data-dir="$(mktemp -d)" --proxy-server="socks5://${socks}" ${site}/invite/`,
    '  Firefox: in about:config set',
    `    network.proxy.type 1, network.proxy.socks "${host}", network.proxy.socks_port ${port},`,
    '    network.proxy.socks_remote_dns true, network.dns.blockDotOnion false',
    `  or fetch it:  curl --socks5-hostname ${socks} ${site}/invite/`,
    '',
    'Solve the riddle, then paste the code into an SSB client that dials through that SOCKS port.',
    `The relay is  ${ssb}`,
    '',
    `Look after it from another terminal:  npm run snug -- --config ${config} status`,
    'Ctrl-C ends the demo and removes all of it.',
  ];
}
