import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { manPage } from '../../src/cli/man-page.js';
import type { CommandWords } from '../../src/cli/tree.js';
import { cliGround } from '../support/cli-run.js';

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** What bash offers after these words; the last one is where the cursor stands. */
async function bash(t: TestContext, ...line: string[]): Promise<string[]> {
  const ground = cliGround(t);
  writeFileSync(join(ground.folder, 'a file.toml'), '');
  const script = join(ground.folder, 'completion');
  writeFileSync(script, (await ground.run('completion', 'bash')).out);
  const ask = `source "$1"; shift; COMP_WORDS=(snug "$@"); COMP_CWORD=$#; _snug; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const options = { cwd: ground.folder, encoding: 'utf8' } as const;
  const said = execFileSync('bash', ['--norc', '-euc', ask, 'bash', script, ...line], options);
  return said.split('\n').filter((word) => word !== '');
}

test('bash completes commands, and those below them', async (t) => {
  assert.ok((await bash(t, '')).includes('invite'));
  assert.deepEqual(await bash(t, 'sta'), ['start', 'status']);
  assert.deepEqual(await bash(t, 'member', 're'), ['remove']);
});

test('bash completes the options of a command, and those of all', async (t) => {
  assert.deepEqual(await bash(t, 'member', 'remove', '@x', '--w'), ['--with-guests']);
  assert.deepEqual(await bash(t, 'invite', 'list', '--con'), ['--config', '--control']);
});

test('bash completes files where files stand, also behind "=", and blanks in their names', async (t) => {
  assert.deepEqual(await bash(t, '--config', 'a'), ['a file.toml']);
  assert.deepEqual(await bash(t, '--config', '=', 'a'), ['a file.toml']);
  assert.deepEqual(await bash(t, 'status', '--config', 'a'), ['a file.toml']);
});

test('bash knows a command behind options with values', async (t) => {
  assert.deepEqual(await bash(t, '--config', 'x', 'member', 'sh'), ['show']);
  assert.deepEqual(await bash(t, 'invite', 'create', '--note', 'x', '--da'), ['--days']);
});

test('bash completes what an argument allows, and offers nothing for free text', async (t) => {
  assert.deepEqual(await bash(t, 'completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(await bash(t, 'invite', 'create', '--note', ''), []);
  assert.deepEqual(await bash(t, 'ban', '@'), []);
});

test('zsh reads its script', { skip: !has('zsh') }, async (t) => {
  const ground = cliGround(t);
  const script = join(ground.folder, '_snug');
  writeFileSync(script, (await ground.run('completion', 'zsh')).out);
  execFileSync('zsh', ['-n', script]);
});

test('fish completes commands and options', { skip: !has('fish') }, async (t) => {
  const ground = cliGround(t);
  const script = join(ground.folder, 'snug.fish');
  writeFileSync(script, (await ground.run('completion', 'fish')).out);
  const offered = (line: string) =>
    execFileSync('fish', ['--no-config', '-c', `source ${script}; complete -C '${line}'`], {
      encoding: 'utf8',
      env: { ...process.env, HOME: ground.folder },
    });
  assert.match(offered('snug member re'), /^remove\t/);
  assert.match(offered('snug member remove --w'), /^--with-guests\t/);
});

test('each shell’s script names every command and quotes what it is told', async (t) => {
  const ground = cliGround(t);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out } = await ground.run('completion', shell);
    assert.equal(code, 0);
    for (const word of ['invite', 'revoke', '--with-guests', '--fix']) {
      assert.ok(
        out.includes(word.replace('--', shell === 'fish' ? '-l ' : '--')),
        `${shell}: ${word}`,
      );
    }
  }
});

test('the manual page names every command, and groff has no complaints', async (t) => {
  const ground = cliGround(t);
  const { code, out } = await ground.run('man');
  assert.equal(code, 0);
  assert.match(out, /^\.TH SNUG 1/);
  for (const section of ['NAME', 'SYNOPSIS', 'OPTIONS', 'COMMANDS', 'EXIT STATUS', 'FILES']) {
    assert.ok(out.includes(`\n.SH ${section}\n`), section);
  }
  for (const line of out.split('\n')) assert.match(line, /^[ -~]*$/, 'only ASCII');
  if (!has('groff')) return;
  const page = join(ground.folder, 'snug.1');
  writeFileSync(page, out);
  // grotty(1): without these it paints words, or strikes them twice.
  const plain = ['-P-c', '-P-b', '-P-u'];
  const checked = spawnSync('groff', ['-man', '-ww', '-Tutf8', ...plain, page], {
    encoding: 'utf8',
  });
  assert.equal(checked.stderr, '');
  const words = checked.stdout;
  assert.match(words, /snug member remove <feed>/);
  assert.match(words, /its id, @….ed25519/);
});

test('a description cannot be taken for a command of roff', () => {
  const leaf: CommandWords = {
    path: 'snug x',
    name: 'x',
    description: '.SH IMMEDIATELY \\fBbold',
    options: [],
    arguments: [{ usage: '<a>', description: "'quoted", value: { kind: 'text' } }],
    commands: [],
  };
  const page = manPage({ ...leaf, path: 'snug', name: 'snug', commands: [leaf] }, '1.0.0');
  assert.ok(page.includes('\n\\&.SH IMMEDIATELY \\efBbold.\n'));
  assert.ok(page.includes("\n\\&'quoted\n") || page.endsWith("\n\\&'quoted"));
});
