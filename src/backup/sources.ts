import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../support/errors.js';
import { BLOBS, CLIENTS, kindOf, SSH_ONION } from './entries.js';
import { type Entry, entryOf } from './pack.js';

/** Bytes that are read at a time. */
const BLOCK = 256 * 1024;

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * @param state the state folder
 * @param name of a small file below it
 * @throws the error of the file system
 */
export async function smallFile(state: string, name: string): Promise<Entry> {
  return entryOf(name, await readFile(join(state, name)));
}

/**
 * A file that may grow meanwhile: what it holds now, and no more.
 *
 * @returns undefined when there is no such file
 */
export async function largeFile(state: string, name: string): Promise<Entry | undefined> {
  const handle = await open(join(state, name), 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  const { size } = await handle.stat();
  async function* body(file: NonNullable<typeof handle>) {
    try {
      for (let at = 0; at < size; ) {
        const block = Buffer.alloc(Math.min(BLOCK, size - at));
        const { bytesRead } = await file.read(block, 0, block.length, at);
        if (bytesRead === 0) throw new Error(`${name} became shorter while it was read`);
        at += bytesRead;
        yield block.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
  return { name, size, body: body(handle) };
}

/** The clients that the onion service admits, if it admits only some. */
export async function* authorizedClients(state: string): AsyncGenerator<Entry> {
  for (const file of await namesIn(join(state, CLIENTS))) {
    const name = `${CLIENTS}/${file}`;
    if (kindOf(name) >= 0) yield await smallFile(state, name);
  }
}

/** The onion for ssh, if there is one: whoever could come in can come in again. */
export async function* sshOnion(state: string): AsyncGenerator<Entry> {
  for (const name of SSH_ONION) {
    try {
      yield await smallFile(state, name);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** Blobs come and go while the relay runs; one that has just gone is left out. */
export async function* blobs(state: string): AsyncGenerator<Entry> {
  for (const folder of await namesIn(join(state, BLOBS))) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    for (const file of await namesIn(join(state, BLOBS, folder))) {
      const name = `${BLOBS}/${folder}/${file}`;
      const entry = kindOf(name) < 0 ? undefined : await largeFile(state, name);
      if (entry !== undefined) yield entry;
    }
  }
}
