import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTorPrograms } from '../../src/demo/programs.js';
import { TorNode } from '../../src/demo/tor-node.js';

/** An onion service of a Tor of its own. */
export interface OnionService {
  readonly host: string;
  readonly node: TorNode;
}

/**
 * @param include torrc lines of the private network
 * @param folder of this Tor alone; made here
 * @param port of the onion
 * @param socket that it leads to
 * @returns the service, once its Tor has built a circuit
 */
export async function startOnionService(
  include: string,
  folder: string,
  port: number,
  socket: string,
): Promise<OnionService> {
  await mkdir(folder, { mode: 0o700 });
  const lines = [
    `%include "${include}"`,
    `DataDirectory ${folder}/data`,
    'Log notice stdout',
    'SocksPort 0',
    `__OwningControllerProcess ${process.pid}`,
    `HiddenServiceDir ${folder}/service`,
    `HiddenServicePort ${port} unix:${socket}`,
  ];
  await writeFile(join(folder, 'torrc'), lines.join('\n'));
  const { tor } = await findTorPrograms();
  const node = new TorNode({ name: 'onion-service', tor, torrc: join(folder, 'torrc') });
  await node.bootstrapped;
  const host = (await readFile(join(folder, 'service', 'hostname'), 'utf8')).trim();
  return { host, node };
}
