import puppeteer, { type Browser } from 'puppeteer-core';

/**
 * Firefox ESR as Tor Browser at "Safest" leaves it: no JavaScript, no SVG, everything through SOCKS.
 * @param socks of a Tor client
 */
export function launchBrowser(socks: { host: string; port: number }): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    // A busy machine takes half a minute for it.
    timeout: 120_000,
    extraPrefsFirefox: {
      'javascript.enabled': false,
      'svg.disabled': true,
      'network.proxy.type': 1,
      'network.proxy.socks': socks.host,
      'network.proxy.socks_port': socks.port,
      'network.proxy.socks_version': 5,
      'network.proxy.socks_remote_dns': true,
      'network.dns.blockDotOnion': false,
    },
  });
}
