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
  /** With --clearnet: the page's URL on HTTPS, without a path. */
  readonly clearnet?: string;
  /** With --clearnet: file with the certificate of the authority that only this demo has, PEM. */
  readonly authority?: string;
}

function clearnetInWords({ clearnet, authority }: DemoReport): string[] {
  if (clearnet === undefined) return [];
  return [
    `The same page for everybody:  ${clearnet}/invite/`,
    'This name exists only on this machine, and no browser knows the authority that made its',
    'certificate: yours warns you, and here you may go on. Or fetch it:',
    `    curl --cacert ${authority} ${clearnet}/invite/`,
    'On the real clearnet, such a domain shows everybody where the board is.',
    '',
  ];
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
    ...clearnetInWords(report),
    'Solve the riddle, then paste the code into an SSB client that dials through that SOCKS port.',
    `The relay is  ${ssb}`,
    '',
    `Look after it from another terminal:  npm run snug -- --config ${config} status`,
    'Ctrl-C ends the demo and removes all of it.',
  ];
}
