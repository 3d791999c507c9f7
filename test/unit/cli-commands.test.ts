import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildProgram } from '../../src/cli/program.js';
import { type CommandWords, everyCommand, wordsOf } from '../../src/cli/tree.js';
import { cliGround } from '../support/cli-run.js';

const FEED = `@${Buffer.alloc(32, 7).toString('base64')}.ed25519`;

/*
 * Every command that there is, and every one that is added later. What asks the running relay must
 * end with 69 when there is none; the few that do not ask it, or say more, stand in this list.
 */
const OTHERWISE: Readonly<Record<string, number | 'not run'>> = {
  // It would start one.
  'snug start': 'not run',
  'snug status': 2,
  'snug doctor': 1,
  'snug completion': 0,
  'snug man': 0,
  'snug help': 'not run',
  // They read the configuration and ask no relay. The profile is off: nothing to show or write.
  'snug clearnet show': 78,
  'snug clearnet render': 0,
  // Refuses the file that the test names, before any relay is asked.
  'snug restore': 'not run',
  // Refuses on anything but a card (update-hand-over.test.ts).
  'snug update': 'not run',
};

/** Options without which a command would ask for something else first. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  // It would ask for a passphrase. This is a recipient of age, whose key nobody has kept.
  'snug backup': ['--recipient', 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg'],
};

const ROOT = wordsOf(
  buildProgram(
    {
      env: {},
      terminal: { out: () => undefined, err: () => undefined },
      signal: new AbortController().signal,
    },
    () => undefined,
  ),
);
const ALL = everyCommand(ROOT).filter(({ name }) => name !== 'help');
const LEAVES = ALL.filter(({ commands }) => commands.length === 0);

/** Arguments that are right in form. */
function exampleOf(command: CommandWords, t: TestContext): string[] {
  return command.arguments
    .filter(({ usage }) => usage.startsWith('<'))
    .map(({ usage, value }) => {
      if (value.kind === 'choice') return value.of[0] ?? '';
      if (value.kind === 'file') return join(cliGround(t).folder, 'file');
      return usage.startsWith('<feed') ? FEED : 'abcd';
    });
}

const words = (path: string) => path.split(' ').slice(1);

test('the tree has the commands that are known to be there', () => {
  const paths = ALL.map(({ path }) => path);
  for (const path of ['snug start', 'snug invite create', 'snug member remove', 'snug doctor']) {
    assert.ok(paths.includes(path), path);
  }
});

for (const command of ALL) {
  test(`${command.path} --help says what it is for, and what it takes`, async (t) => {
    const { code, out, err } = await cliGround(t).run(...words(command.path), '--help');
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.match(out, /^Usage: snug/);
    assert.ok(out.replace(/\s+/g, ' ').includes(command.description), 'the description');
    for (const { flags, description } of command.options) {
      assert.ok(out.includes(flags), flags);
      assert.notEqual(description, '', flags);
    }
    for (const { usage, description } of command.arguments) {
      assert.ok(out.includes(usage), usage);
      assert.notEqual(description, '', usage);
    }
    for (const below of command.commands) assert.ok(out.includes(below.name), below.name);
  });

  test(`${command.path} with an option that it does not have is wrong usage`, async (t) => {
    const { code, out, err } = await cliGround(t).run(
      ...words(command.path),
      ...exampleOf(command, t),
      '--no-such-option',
    );
    assert.equal(code, 64);
    assert.equal(out, '');
    assert.match(err, /unknown option '--no-such-option'/);
  });
}

for (const command of LEAVES) {
  const needed = command.arguments.filter(({ usage }) => usage.startsWith('<'));
  if (needed.length > 0) {
    test(`${command.path} without ${needed[0]?.usage} is wrong usage`, async (t) => {
      const { code, err } = await cliGround(t).run(...words(command.path));
      assert.equal(code, 64);
      assert.match(err, /missing required argument/);
    });
  }

  test(`${command.path} with an argument too many is wrong usage`, async (t) => {
    const right = exampleOf(command, t);
    const optional = command.arguments.length - right.length;
    const more = Array.from({ length: optional + 1 }, () => 'more');
    const { code, out, err } = await cliGround(t).run(...words(command.path), ...right, ...more);
    assert.equal(code, 64);
    assert.equal(out, '');
    assert.match(err, /too many arguments/);
  });

  const expected = OTHERWISE[command.path] ?? 69;
  if (expected === 'not run') continue;
  test(`${command.path} while no relay runs ends with ${expected}, and says what to do`, async (t) => {
    // With a log file that is not there, `snug log` does not look for this machine's journal.
    const ground = cliGround(t, '[log]\nfile = "log"\n');
    const needed = [...exampleOf(command, t), ...(NEEDS[command.path] ?? [])];
    const { code, out, err } = await ground.run(...words(command.path), ...needed);
    assert.equal(code, expected, err);
    assert.equal(existsSync(join(ground.folder, 'state')), false, 'nothing is made');
    if (expected === 0 || expected === 78) return;
    assert.match(`${out}\n${err}`, /No relay answers on|There is no relay in|is not there yet/);
    assert.match(`${out}\n${err}`, /snug start|start the relay|has been started/);
    if (expected === 69) assert.equal(out, '');
  });
}

test('no command, and a command that is mistyped, are wrong usage with the likely word', async (t) => {
  const ground = cliGround(t);
  const none = await ground.run();
  assert.equal(none.code, 64);
  assert.match(none.err, /Usage: snug/);
  const typo = await ground.run('statsu');
  assert.equal(typo.code, 64);
  assert.match(typo.err, /Did you mean status\?/);
});
