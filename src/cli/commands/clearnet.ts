import { resolve } from 'node:path';
import type { Check } from '../../clearnet/checks.js';
import { generatedFiles } from '../../clearnet/files.js';
import { clearnetIsOff, originOf, planOf } from '../../clearnet/plan.js';
import { type Validation, validateCaddyfile } from '../../clearnet/validate.js';
import { writeFiles } from '../../clearnet/write.js';
import type { AddCommands, Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';

const MARKS = { ok: 'ok    ', look: 'look  ', failed: 'failed' } as const;

/**
 * The files are for a relay that systemd runs: what the configuration leaves open is as it is there
 * (systemd.exec(5), RuntimeDirectory=), whoever renders them.
 */
const IN_ITS_UNIT = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };

function show({ config, terminal }: Cli): void {
  const plan = planOf(config(IN_ITS_UNIT));
  if (plan === undefined) throw clearnetIsOff();
  terminal.err(`${originOf(plan)}/invite/ shows everybody where this board is.`);
  for (const { path, text } of generatedFiles(plan)) {
    terminal.out(`##### /${path}`);
    terminal.out(text);
  }
}

const VALIDATIONS: Readonly<Record<Validation, string>> = {
  sound: 'caddy takes its configuration.',
  'no-caddy': 'Its configuration was not checked: there is no caddy on this machine.',
  'no-certificate': 'Its configuration was not checked: certificate or key cannot be read here.',
};

/** With the profile off nothing is generated, and what an earlier plan has left is removed. */
async function render({ config, terminal, signal }: Cli, folder: string): Promise<void> {
  const plan = planOf(config(IN_ITS_UNIT));
  const root = resolve(folder);
  const files = plan === undefined ? [] : generatedFiles(plan);
  const { written, removed } = await writeFiles(root, files);
  for (const path of written) terminal.out(`written  ${resolve(root, path)}`);
  for (const path of removed) terminal.out(`removed  ${resolve(root, path)}`);
  if (plan === undefined) {
    terminal.err(`${clearnetIsOff().message} Nothing is generated.`);
    return;
  }
  terminal.err(VALIDATIONS[await validateCaddyfile(plan, signal)]);
  if (written.length + removed.length === 0) terminal.err('Nothing has changed.');
  else terminal.err('README.md, "Clearnet profile", says how systemd takes it up.');
}

async function check({ ask, terminal, exitWith }: Cli, json: boolean): Promise<void> {
  terminal.err('Looking at the domain from outside, through Tor. This takes up to a minute.');
  const checks = (await ask('clearnet.check')) as Check[];
  if (json) terminal.out(JSON.stringify(checks));
  else {
    for (const { state, what, hint } of checks) {
      terminal.out(`${MARKS[state]}  ${what}`);
      if (hint !== undefined) terminal.out(`        ${hint}`);
    }
  }
  exitWith(checks.every(({ state }) => state === 'ok') ? EXIT.ok : EXIT.degraded);
}

/** `snug clearnet show`, `render` and `check` */
export const addClearnet: AddCommands = (root, cli) => {
  const clearnet = root
    .command('clearnet')
    .description('the page on a public domain too; it shows where the board is');
  clearnet
    .command('show')
    .description('print the files of the reverse proxy')
    .action(() => show(cli));
  clearnet
    .command('render')
    .description('write them below a folder, and remove those that are not wanted any more')
    .argument('<folder>', '"/" for this machine, or any other to look at them first')
    .action((folder: string) => render(cli, folder));
  clearnet
    .command('check')
    .description('look at DNS, ports and certificate from outside')
    .option('--json', 'for scripts', false)
    .action((options: { json: boolean }) => check(cli, options.json));
};
