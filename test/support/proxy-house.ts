import { join } from 'node:path';
import { type ClearnetPlan, planOf } from '../../src/clearnet/plan.js';
import { findFreePorts } from '../../src/demo/free-ports.js';
import { type ReverseProxy, startProxy } from '../../src/demo/proxy.js';

export const DOMAIN = 'pub.example.org';

/** A plan as the configuration makes it, its proxy on free ports of this machine. */
export async function testPlan(
  folder: string,
  ssb: 'onion' | 'domain' = 'onion',
): Promise<ClearnetPlan> {
  const [http = 0, https = 0, ssbPort = 0] = await findFreePorts(3);
  const plan = planOf(
    {
      clearnet: { domain: DOMAIN, ssb, tls: { kind: 'internal' }, run: join(folder, 'clearnet') },
      paths: { state: join(folder, 'state'), run: join(folder, 'run') },
      invites: { port: ssbPort },
      limits: { connections: 64 },
    },
    { ports: { http, https }, bind: '127.0.0.1', storage: join(folder, 'proxy') },
  );
  if (plan === undefined) throw new Error('the profile is on');
  return plan;
}

/** The real proxy in front of a plan's sockets. */
export interface ProxyHouse extends ReverseProxy {
  /** What it printed. */
  readonly lines: readonly string[];
}

export async function openProxy(plan: ClearnetPlan): Promise<ProxyHouse> {
  const lines: string[] = [];
  const signal = new AbortController().signal;
  const proxy = await startProxy({ plan, signal, onLine: (line) => lines.push(line) });
  return { ...proxy, lines };
}
