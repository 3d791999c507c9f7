// `npm test`: lint, types, then every test against one private Tor network.
// `npm test -- site ssb-tor` runs only the test files whose path contains one of the words.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, filesBelow } from './build.mjs';
import {
  checkNode,
  ensure,
  ensurePackages,
  ROOT,
  report,
  run,
  SetupError,
  TEST_NEEDS,
} from './setup.mjs';

/** Two of the usual two cores; the Tors of the network need some too. */
const CONCURRENCY = 2;
/** One file. A whole main path over Tor on a slow and busy machine takes some minutes. */
const FILE_DEADLINE_MS = 10 * 60_000;
const DEADLINE_MS = 40 * 60_000;
/** How long the runner may take to say which test it was at. */
const LAST_WORDS_MS = 10_000;

/** @returns {string[]} compiled test files whose path contains one of the words, if there are any */
function testFiles(words) {
  return filesBelow(ROOT, 'dist/test')
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
}

async function lint() {
  const biome = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const code = await run(process.execPath, [biome, 'check', '.'], { stdio: 'inherit' });
  if (code !== 0)
    throw new SetupError('biome has complaints (see above). npm run format mends some.');
}

/** Starts the network that all test files share; @returns what stops it, and its description */
async function startNetwork(folder, signal) {
  const compiled = join(ROOT, 'dist', 'src', 'demo', 'private-network.js');
  const { startPrivateNetwork } = await import(pathToFileURL(compiled).href);
  const onProgress = (text) => process.stderr.write(`test: ${text}\n`);
  const network = await startPrivateNetwork({ folder, signal, onProgress, exits: true });
  try {
    const client = await network.startClient('tests', signal);
    const description = join(folder, 'network.json');
    writeFileSync(description, JSON.stringify({ include: network.include, socks: client.socks }));
    return { description, stop: () => network.stop() };
  } catch (error) {
    await network.stop();
    throw error;
  }
}

/** @returns {Promise<number>} the exit code of the runner, which prints the last lines itself */
function runTests(files, env, signal) {
  const options = ['--test-reporter=spec', `--test-concurrency=${CONCURRENCY}`];
  const args = ['--test', ...options, `--test-timeout=${FILE_DEADLINE_MS}`, ...files];
  return new Promise((resolve) => {
    // In a process group of its own, so that a test file that hangs can be ended with it.
    const runner = spawn(process.execPath, args, {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    const kill = (name) => {
      try {
        process.kill(-runner.pid, name);
      } catch {
        // Nobody of the group is left.
      }
    };
    const end = () => {
      runner.kill('SIGINT');
      setTimeout(() => kill('SIGKILL'), LAST_WORDS_MS).unref();
    };
    const deadline = setTimeout(() => {
      process.stderr.write(`test: not done after ${DEADLINE_MS / 60_000} minutes: ended\n`);
      end();
    }, DEADLINE_MS);
    signal.addEventListener('abort', end, { once: true });
    runner.once('close', (code) => {
      clearTimeout(deadline);
      kill('SIGKILL');
      resolve(code ?? 1);
    });
  });
}

/** @returns {Promise<number>} the exit code */
async function test(words, signal) {
  checkNode();
  await ensurePackages();
  await ensure(TEST_NEEDS);
  await lint();
  await build();
  const files = testFiles(words);
  if (files.length === 0) throw new SetupError('No test file has such a name.');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  // Unit tests do not need Tor, so a quick look at some of them need not wait for it.
  if (files.every((file) => file.startsWith('dist/test/unit/'))) {
    return await runTests(files, env, signal);
  }
  const folder = mkdtempSync(join(tmpdir(), 'snug-test-'));
  try {
    const network = await startNetwork(folder, signal);
    try {
      const shared = { ...env, SNUG_TEST_NETWORK: network.description };
      return await runTests(files, shared, signal);
    } finally {
      await network.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => ending.abort(new SetupError(`ended by ${signal}`)));
}
try {
  process.exitCode = await test(process.argv.slice(2), ending.signal);
} catch (error) {
  process.exitCode = report(error);
}
