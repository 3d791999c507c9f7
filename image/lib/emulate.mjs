// Programs for arm64 on this machine: the kernel hands them to qemu-user.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { SetupError } from '../../scripts/setup.mjs';
import { must } from './run.mjs';

const TABLE = '/proc/sys/fs/binfmt_misc';
const RULE = '/usr/lib/binfmt.d/qemu-aarch64.conf';

/** The processor that is played. The default one authenticates pointers, which costs tenfold. */
export const EMULATED = { QEMU_CPU: 'cortex-a53' };

/**
 * Makes sure that arm64 programs run here. The rule's F flag opens the emulator at once, so that
 * nothing is copied into the root.
 * @throws SetupError when this needs root or a kernel with binfmt_misc
 */
export async function enableEmulation() {
  if (process.arch === 'arm64' || existsSync(`${TABLE}/qemu-aarch64`)) return;
  try {
    if (!existsSync(`${TABLE}/register`)) {
      await must('mount', ['-t', 'binfmt_misc', 'binfmt_misc', TABLE]);
    }
    if (existsSync(`${TABLE}/qemu-aarch64`)) return;
    writeFileSync(`${TABLE}/register`, readFileSync(RULE, 'utf8').trimEnd());
  } catch (cause) {
    throw new SetupError(
      `This machine cannot run arm64 programs (${cause.message}). The image is built as root, on a kernel with binfmt_misc.`,
    );
  }
}
