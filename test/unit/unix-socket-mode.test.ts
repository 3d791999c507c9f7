import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerForInterfaces } from '../../src/ssb/no-interfaces.js';
import { listenOnSocket } from '../../src/support/unix-socket.js';

for (const [what, folderMode, socketMode] of [
  ['an ordinary folder is for its owner alone', 0o750, 0o600],
  ["a folder with the set-group-id bit is also for the folder's group", 0o2750, 0o660],
] as const) {
  test(`a socket in ${what}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'snug-mode-'));
    const server = createServer();
    t.after(async () => {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    });
    await chmod(folder, folderMode);
    const path = join(folder, 'door');
    await listenOnSocket(server, path);
    assert.equal((await stat(path)).mode & 0o777, socketMode);
  });
}

test('where the kernel does not tell about interfaces, there are none; elsewhere nothing changes', () => {
  const blind = {
    networkInterfaces: (): ReturnType<typeof os.networkInterfaces> => {
      throw new Error('uv_interface_addresses returned Unknown system error 97');
    },
  };
  answerForInterfaces(blind);
  assert.deepEqual(blind.networkInterfaces(), {});
  const { networkInterfaces } = os;
  answerForInterfaces(os);
  assert.equal(os.networkInterfaces, networkInterfaces);
});
