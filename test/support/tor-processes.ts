import { readdir, readFile } from 'node:fs/promises';

/** @returns the ids of the Tors that were started with a torrc below `folder` */
export async function torsBelow(folder: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      // A process may end between the listing and the look.
      const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
      const [program = '', ...args] = line.split('\0');
      const own = program.endsWith('tor') && args.some((arg) => arg.startsWith(`${folder}/`));
      return own ? [Number(id)] : [];
    }),
  );
  return found.flat();
}
