import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { askSecret, type Keyboard } from '../../src/cli/ask-secret.js';
import { knownPassphrase, newPassphrase } from '../../src/cli/passphrase.js';
import { runCli } from '../../src/cli/program.js';
import { ControlServer } from '../../src/control/server.js';
import { type Box, fillBox, freshBox, removeBox } from '../support/backup-kit.js';
import { quiet, someFeed } from '../support/invites-kit.js';
import { SOME_ONION } from '../support/ssb-house.js';

/** A terminal's keyboard. */
class FakeKeyboard extends EventEmitter implements Keyboard {
  readonly isTTY = true;
  raw = false;
  setRawMode(raw: boolean) {
    this.raw = raw;
  }
  setEncoding() {}
  resume() {}
  pause() {}
  /** Types as soon as somebody listens, and only while nothing is echoed. */
  type(...texts: string[]): this {
    this.on('newListener', (event) => {
      if (event !== 'data') return;
      const text = texts.shift() ?? '';
      setImmediate(() => {
        assert.equal(this.raw, true);
        for (const letter of text) this.emit('data', letter);
      });
    });
    return this;
  }
}

describe('a passphrase', () => {
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  const ask = (keyboard: Keyboard) => askSecret({ prompt: 'Say: ', keyboard, say });

  it('is typed without being shown, and can be corrected', async () => {
    said.length = 0;
    const keyboard = new FakeKeyboard().type('secrex\u007ft ✓\r');
    assert.equal(await ask(keyboard), 'secret ✓');
    assert.equal(keyboard.raw, false);
    assert.equal(keyboard.listenerCount('data'), 0);
    assert.deepEqual(said, ['Say: ', '\n']);
  });

  it('is not asked for where nobody can type it', async () => {
    const keyboard = Object.assign(new FakeKeyboard(), { isTTY: false });
    await assert.rejects(async () => ask(keyboard), { code: 'NO_TERMINAL' });
  });

  it('is not waited for after Ctrl-C', async () => {
    const keyboard = new FakeKeyboard().type('sec\u0003');
    await assert.rejects(ask(keyboard), { code: 'CANCELLED' });
    assert.equal(keyboard.raw, false);
  });

  it('is not waited for when the process is asked to end', async () => {
    const ending = new AbortController();
    const keyboard = new FakeKeyboard();
    keyboard.on('newListener', (event) => {
      if (event === 'data') setImmediate(() => ending.abort(new Error('asked to end')));
    });
    const asking = askSecret({ prompt: 'Say: ', keyboard, say, signal: ending.signal });
    await assert.rejects(asking, /asked to end/);
    assert.deepEqual([keyboard.raw, keyboard.listenerCount('data')], [false, 0]);
  });

  it('for a new backup is asked for twice, and is long', async () => {
    const good = 'four words of a test';
    const keyboard = () => new FakeKeyboard();
    const asking = (...texts: string[]) => ({ keyboard: keyboard().type(...texts), say });
    assert.equal(await newPassphrase(undefined, asking(`${good}\r`, `${good}\r`)), good);
    await assert.rejects(newPassphrase(undefined, asking(`${good}\r`, `${good}!\r`)), {
      code: 'PASSPHRASES_DIFFER',
    });
    await assert.rejects(newPassphrase(undefined, asking('short\r')), { code: 'WEAK_PASSPHRASE' });
    assert.equal(await knownPassphrase(undefined, asking('short\r')), 'short');
  });
});

describe('snug backup and snug restore', () => {
  let old: Box;
  let fresh: Box;

  const run = (box: Box, ...args: string[]) => runIn({}, box, ...args);
  const runIn = async (env: NodeJS.ProcessEnv, box: Box, ...args: string[]) => {
    const err: string[] = [];
    const code = await runCli(['--config', join(box.folder, 'snug.toml'), ...args], {
      env,
      terminal: { out: (line) => err.push(line), err: (line) => err.push(line) },
      signal: new AbortController().signal,
    });
    return { code, err: err.join('\n') };
  };
  const passphrase = (text: string) => {
    const file = join(fresh.folder, 'passphrase');
    writeFileSync(file, `${text}\n`);
    return ['--passphrase-file', file];
  };
  const archive = () => join(fresh.folder, 'backup.age');

  before(async () => {
    old = await freshBox();
    await fillBox(old);
  });
  after(() => removeBox(old));
  beforeEach(async () => {
    fresh = await freshBox();
  });
  afterEach(() => removeBox(fresh));

  it('say what they did, and what comes next', async () => {
    const words = passphrase('four words of a test');
    const backup = await run(old, 'backup', ...words, archive());
    assert.equal(backup.code, 0, backup.err);
    assert.match(backup.err, /Backed up: \d+ kB in/);
    assert.ok(backup.err.includes(SOME_ONION));
    const restored = await run(fresh, 'restore', ...words, archive());
    assert.equal(restored.code, 0, restored.err);
    assert.match(restored.err, /3 messages of its own[\s\S]*Members {3}2[\s\S]*restored\.toml/);
    assert.match(restored.err, /nobody new before its own feed is back/);
    const again = await run(fresh, 'restore', ...words, archive());
    assert.equal(again.code, 65);
    assert.match(again.err, /already holds the relay[\s\S]*move the folder away/);
  });

  it('refuse what they cannot do, in words', async () => {
    const words = passphrase('four words of a test');
    const cases: [Box, string[], number, RegExp][] = [
      [old, ['backup'], 64, /missing required argument/],
      [old, ['backup', '--recipient', 'me', archive()], 65, /no recipient of age/],
      [old, ['backup', '--recipient', 'x', ...words, archive()], 64, /cannot be used with/],
      [old, ['backup', ...words, '/no/such/folder/x'], 65, /cannot be written/],
      [old, ['backup', '--passphrase-file', '/no/such', archive()], 65, /cannot be read/],
      [fresh, ['backup', ...words, archive()], 69, /no relay in/],
      [fresh, ['restore'], 65, /Which backup/],
      [fresh, ['restore', ...words, '/no/such'], 65, /cannot be read/],
      [fresh, ['restore', ...words, join(fresh.folder, 'snug.toml')], 65, /no backup of Snug/],
      [fresh, ['restore', '--i-know-it-forks'], 69, /WARNING[\s\S]*forked[\s\S]*No relay answers/],
    ];
    for (const [box, args, expected, text] of cases) {
      const { code, err } = await run(box, ...args);
      assert.equal(code, expected, `${args.join(' ')}: ${err}`);
      assert.match(err, text);
    }
    assert.equal(existsSync(archive()), false);
  });

  it('keep to one relay, whatever socket the environment names', async (t) => {
    const words = passphrase('four words of a test');
    const socket = join(fresh.folder, 'other.sock');
    let asked = 0;
    const records = () => {
      asked += 1;
      return { feed: someFeed(), ownFeed: { sequence: 0, id: null, members: [] }, invites: [] };
    };
    const server = new ControlServer({
      socket,
      methods: { 'backup.records': records },
      log: quiet,
    });
    await server.start();
    t.after(() => server.stop());
    const backup = await runIn({ SNUG_CONTROL: socket }, old, 'backup', ...words, archive());
    assert.equal(backup.code, 0, backup.err);
    assert.equal(asked, 0);
    const other = `${archive()}2`;
    const mixed = await run(old, '--control', socket, 'backup', ...words, other);
    assert.equal(mixed.code, 64, mixed.err);
    assert.match(mixed.err, /keys of another relay[\s\S]*--control/);
    assert.equal(existsSync(other), false);
    const restored = await run(fresh, 'restore', ...words, archive());
    assert.equal(restored.code, 0, restored.err);
  });

  it('do not take a short passphrase', async () => {
    const { code, err } = await run(old, 'backup', ...passphrase('too short'), archive());
    assert.equal(code, 65);
    assert.match(err, /shorter than 12 characters[\s\S]*four or five words/);
  });

  it('spell out what it means not to wait', async () => {
    const words = passphrase('four words of a test');
    await run(old, 'backup', ...words, archive());
    const { code, err } = await run(fresh, 'restore', '--i-know-it-forks', ...words, archive());
    assert.equal(code, 0, err);
    assert.match(err, /WARNING: the relay publishes without waiting[\s\S]*forked[\s\S]*nobody can/);
    assert.equal(existsSync(join(fresh.state, 'ssb', 'own-feed.json')), false);
  });

  it('end the wait of a running relay when told to', async () => {
    mkdirSync(join(fresh.folder, 'run'));
    const asked: string[] = [];
    const server = new ControlServer({
      socket: join(fresh.folder, 'run', 'control.sock'),
      methods: { 'own-feed.publish-anyway': () => void asked.push('publish') },
      log: quiet,
    });
    await server.start();
    const { code, err } = await run(fresh, 'restore', '--i-know-it-forks');
    await server.stop();
    assert.equal(code, 0, err);
    assert.deepEqual(asked, ['publish']);
    assert.match(err, /WARNING[\s\S]*waits no longer/);
  });
});
