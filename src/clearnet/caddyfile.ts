import { fillTemplate, plain } from './fill.js';
import { type ClearnetPlan, originOf, type ProxyTls } from './plan.js';

/** systemd puts copies of the files there that only this unit can read (systemd.exec(5)). */
const CREDENTIALS = '{$CREDENTIALS_DIRECTORY}';

function tlsLine(tls: ProxyTls): string {
  switch (tls.kind) {
    case 'files':
      return `tls ${CREDENTIALS}/certificate ${CREDENTIALS}/key`;
    case 'internal':
      return 'tls internal';
    case 'acme':
      return '';
  }
}

function emailLine(tls: ProxyTls): string {
  if (tls.kind !== 'acme' || tls.email === undefined) return '';
  return `email ${plain('mail address', tls.email)}`;
}

/**
 * @param plan what the proxy is to do
 * @returns its configuration, for `caddy run --adapter caddyfile`
 * @throws SnugError CLEARNET_BAD_VALUE
 */
export function renderCaddyfile(plan: ClearnetPlan): string {
  return fillTemplate('Caddyfile', {
    domain: plain('domain', plan.domain),
    origin: plain('domain', originOf(plan)),
    http: plain('port', plan.ports.http),
    https: plain('port', plan.ports.https),
    bind: plan.bind === undefined ? '' : `default_bind ${plain('address', plan.bind)}`,
    storage: plain('folder for certificates', plan.storage),
    email: emailLine(plan.tls),
    tls: tlsLine(plan.tls),
    socket: plain('socket of the site', plan.sockets.site),
  });
}
