// The firewall: all of it as in systemd/, loaded by one unit, and by nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../scripts/setup.mjs';
import { unitFiles } from './unit-files.mjs';

const LOADER = 'snug-firewall.service';
const COMMAND = '/usr/sbin/nft -f /etc/snug/snug.nft';

/** Programs that can change what the kernel lets through. */
const CHANGES =
  /(^|\/|\s)(nft|ip6?tables[a-z-]*|ebtables|arptables|ufw|firewalld|netfilter-persistent)(\s|$)/;

function* sameAs(view, path, source) {
  if (view.text(path) !== readFileSync(join(ROOT, source), 'utf8')) {
    yield `${path} is not ${source}`;
  }
}

export function* rules(view) {
  yield* sameAs(view, 'etc/snug/snug.nft', 'systemd/snug.nft');
  const [choices, folder] = [
    readdirSync(join(ROOT, 'systemd/firewall.d')),
    'usr/lib/snug/firewall.d',
  ];
  for (const name of choices) yield* sameAs(view, join(folder, name), `systemd/firewall.d/${name}`);
  for (const { path } of view.files) {
    const [, place, name] = /^(usr\/lib|etc)\/snug\/firewall\.d\/(.+)$/.exec(path) ?? [];
    if (place === 'etc') yield `${path} is in force without being asked for`;
    else if (name !== undefined && !choices.includes(name)) yield `${path} is no rule of ours`;
  }
}

export function* loader(view) {
  const units = unitFiles(view);
  const own = units.find(({ name }) => name === LOADER)?.settings ?? (() => []);
  for (const key of ['ExecStart', 'ExecReload']) {
    if (own(key).join('; ') !== COMMAND) yield `${LOADER}: ${key} is not ${COMMAND}`;
  }
  for (const key of ['ExecStartPre', 'ExecStartPost', 'ExecStop', 'ExecStopPost']) {
    if (own(key).length > 0) yield `${LOADER} has ${key}`;
  }
  // Its drop-ins would be seen above; a file of the same name in etc would stand before it.
  if (view.has(`etc/systemd/system/${LOADER}`)) yield `etc/systemd/system/${LOADER} hides ours`;
  const runs = ['ExecStart', 'ExecStartPre', 'ExecStartPost', 'ExecStop', 'ExecStopPost'];
  const others = units.filter(
    ({ name, settings }) =>
      name !== LOADER && runs.some((key) => settings(key).some((command) => CHANGES.test(command))),
  );
  for (const { name } of others) {
    const started = view.files.some(({ path }) => path.endsWith(`/${name}`) && view.target(path));
    if (started) yield `${name} can change the firewall`;
  }
}
