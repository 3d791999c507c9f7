import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PACKAGE_ROOT } from '../../src/support/package.js';
import { askHere } from '../support/https.js';
import { askOnion } from '../support/onion-http.js';
import { runSnug } from '../support/relay-process.js';
import { throughSocks } from '../support/ssb-peer.js';

/** Processes whose command line names this folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
      } catch {
        // It has ended meanwhile.
        return '';
      }
    })
    .filter((line) => line.includes(folder));
}

describe('npm run demo -- --json --friends --clearnet', () => {
  it('prints one line, works for visitors and two members, and leaves nothing after Ctrl-C', async () => {
    const main = join(PACKAGE_ROOT, 'dist', 'src', 'demo', 'main.js');
    const demo = spawn(process.execPath, [main, '--json', '--friends', '--clearnet'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const gone = once(demo, 'close');
    let out = '';
    let said = '';
    const met = new Promise<void>((resolve) =>
      demo.stderr.on('data', (chunk) => {
        said += chunk;
        if (/Ben reads: .*\n(.*\n)*Ada reads: .*\n(.*\n)*.*have never met/.test(said)) resolve();
      }),
    );
    const printed = new Promise<void>((resolve, reject) => {
      demo.stdout.on('data', (chunk) => {
        out += chunk;
        if (out.includes('\n')) resolve();
      });
      gone.then(() => reject(new Error(`the demo ended:\n${said}`)));
    });
    await printed;
    const report = JSON.parse(out) as Record<string, string>;
    const keys = ['site', 'onion', 'ssb', 'socks', 'state', 'config', 'control'];
    assert.deepEqual(Object.keys(report), [...keys, 'clearnet', 'authority']);
    const { site = '', onion = '', ssb = '', socks = '', state = '', config = '' } = report;
    assert.equal(site, `http://${onion}`);
    assert.ok(ssb.startsWith(`onion:${onion}:8008~shs:`));

    const [host = '', port] = socks.split(':');
    const page = await askOnion(throughSocks({ host, port: Number(port) }), `${site}/invite/`);
    assert.equal(page.status, 200);
    const { hostname, port: https } = new URL(report.clearnet ?? '');
    const name = { serverName: hostname, host: hostname, authority: report.authority ?? '' };
    const open = await askHere({ ...name, port: Number(https), path: '/invite/' });
    assert.deepEqual([open.status, open.headers['onion-location']], [200, `${site}/invite/`]);
    const status = await runSnug(['--config', config, 'status', '--json']);
    assert.equal(status.code, 0);
    assert.equal((JSON.parse(status.out) as { site: string }).site, site);

    await met;
    assert.notDeepEqual(processesOf(state), []);
    demo.kill('SIGINT');
    const [code] = await gone;
    assert.equal(code, 0);
    assert.equal(out.trimEnd().split('\n').length, 1);
    assert.deepEqual(processesOf(state), []);
    assert.equal(existsSync(state), false);
  });
});
