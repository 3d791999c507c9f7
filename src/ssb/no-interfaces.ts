import os from 'node:os';

/**
 * The SSB packages ask for the machine's addresses, for connections that this relay does not make.
 * Where the kernel allows no socket but unix ones (systemd/snug.service), the question itself fails
 * and would end the thread: there it is answered with none.
 *
 * @param system `node:os`; another in tests
 */
export function answerForInterfaces(system: Pick<typeof os, 'networkInterfaces'> = os): void {
  try {
    system.networkInterfaces();
  } catch {
    Object.assign(system, { networkInterfaces: () => ({}) });
  }
}
