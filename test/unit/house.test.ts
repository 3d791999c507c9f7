import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkFile, importsOf, packagesWith, type SourceFile } from '../support/house.js';

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));
const COMPILED = fileURLToPath(new URL('../../src/', import.meta.url));

async function sources(): Promise<SourceFile[]> {
  const names = (await readdir(SRC, { recursive: true })).filter((name) => name.endsWith('.ts'));
  return Promise.all(
    names.map(async (name) => ({
      path: name.split(sep).join('/'),
      text: await readFile(join(SRC, name), 'utf8'),
    })),
  );
}

describe('the house', () => {
  it('keeps its rules in every source file', async () => {
    const files = await sources();
    assert.ok(files.length > 20, 'the sources are found');
    assert.deepEqual(files.flatMap(checkFile), []);
  });

  it('loads with the command only what every command needs', () => {
    const read = (path: string) => readFileSync(join(COMPILED, path), 'utf8');
    const packages = packagesWith('main.js', read);
    assert.deepEqual([...packages].sort(), ['commander', 'smol-toml', 'valibot']);
    // What comes with a command that runs is seen too.
    assert.ok(packagesWith('cli/run-update.js', read).has('socks'));
  });

  it('sees every way to import', () => {
    const text = [
      "import { a } from 'a';",
      "import type { b } from 'b';",
      "import 'c';",
      "export * from 'd';",
      "const e = await import('e');",
      "const f = require('f');",
      "import g = require('g');",
      "type H = import('h').H;",
      'import {',
      '  i,',
      "} from 'i';",
      "const j = import.meta.resolve('j');",
      "// import { no } from 'no';",
      " * import { no } from 'no';",
    ].join('\n');
    assert.deepEqual(importsOf(text).sort(), [...'abcdefghij']);
  });

  const planted: readonly (readonly [string, string, string])[] = [
    ['a room that imports another room', 'site/site.ts', "import { x } from '../invites/desk.js';"],
    ['a room that imports upward', 'tor/tor.ts', "import { App } from '../app.js';"],
    ['a room that imports a type upward', 'tor/tor.ts', "import type { App } from '../app.js';"],
    ['a subfolder of a room that leaves it', 'ssb/tor/x.ts', "import('../../tor/tor.js');"],
    ['support that imports a room', 'support/log.ts', "export * from '../config/config.js';"],
    ['a declaration that imports a room', 'types/x.d.ts', "import type { C } from '../cli/x.js';"],
    ['a room that imports the demo', 'app.ts', "import './demo/main.js';"],
    ['the command that imports a room of the relay', 'cli/start.ts', "import '../ssb/relay.js';"],
    ['the demo that imports Tor', 'demo/main.ts', "import '../tor/tor.js';"],
    ['a room that imports the bench', 'ssb/relay.ts', "import '../bench/plan.js';"],
    ['the bench that imports the desk', 'bench/main.ts', "import '../invites/desk.js';"],
    ['an import from outside of src', 'site/site.ts', "import '../../test/support/wait.js';"],
    ['granax anywhere else in its room', 'tor/tor.ts', "import granax from 'granax';"],
    ['granax, a file of it, elsewhere', 'app.ts', "import x from 'granax/lib/commands';"],
    ['an SSB package elsewhere', 'invites/desk.ts', "import keys from 'ssb-keys';"],
    ['muxrpc elsewhere', 'control/client.ts', "const m = require('muxrpc');"],
    ['pull-streams elsewhere', 'app.ts', "import toPull from 'stream-to-pull-stream';"],
    ['the riddle elsewhere', 'invites/riddles.ts', "import c from 'svg-captcha';"],
    ['the rasteriser elsewhere', 'app.ts', "import { Resvg } from '@resvg/resvg-js';"],
    ['express elsewhere', 'control/server.ts', "import session from 'express-session';"],
    ['QR codes elsewhere', 'site/site.ts', "import { encodeQR } from 'qr';"],
    ['a second way to dial', 'mail/smtp.ts', "import { SocksClient } from 'socks';"],
    ['mail elsewhere', 'site/site.ts', "import { createTransport } from 'nodemailer';"],
    ['the database elsewhere', 'ssb/relay.ts', "import { ClassicLevel } from 'classic-level';"],
    ['a room nobody planned', 'garage/car.ts', ''],
    ['a computed import', 'app.ts', 'await import(name);'],
    ['a file of 251 lines', 'app.ts', 'x\n'.repeat(251)],
  ];
  for (const [what, path, text] of planted) {
    it(`does not let in ${what}`, () => {
      assert.equal(checkFile({ path, text }).length, 1);
    });
  }

  it('lets in what the design allows', () => {
    const allowed = [
      ['main.ts', "import './cli/program.js';"],
      ['cli/start.ts', "import { App } from '../app.js';"],
      ['app.ts', "import { Tor } from './tor/tor.js';\nimport './rooms.js';"],
      ['site/site.ts', "import express from 'express';\nimport '../support/log.js';"],
      ['ssb/tor/x.ts', "import 'pull-stream';\nimport '../relay.js';"],
      [
        'tor/control.ts',
        "import { TorController } from 'granax';\nimport { on } from 'node:events';",
      ],
      ['types/ssb-server.d.ts', "import type { Source } from 'pull-stream';"],
      ['app.ts', 'x\n'.repeat(250)],
    ] as const;
    for (const [path, text] of allowed) assert.deepEqual(checkFile({ path, text }), []);
  });
});
