import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeDurably } from '../support/durable-file.js';
import { codeOf } from '../support/errors.js';

const REQUEST = v.variant('action', [
  v.strictObject({ action: v.literal('install'), allowDowngrade: v.boolean() }),
  v.strictObject({ action: v.literal('back') }),
]);

/** What root is asked to do: install the bundle in the spool, or go back to the previous version. */
export type Request = v.InferOutput<typeof REQUEST>;

const OUTCOME = v.object({
  result: v.picklist(['updated', 'went back', 'refused']),
  /** In use before. */
  from: v.string(),
  /** The version that was wanted; undefined when it is not known. */
  to: v.optional(v.string()),
  /** Of a SnugError, when it was not updated. */
  code: v.optional(v.string()),
  message: v.optional(v.string()),
  hint: v.optional(v.string()),
});

/** How the last update went. */
export type Outcome = v.InferOutput<typeof OUTCOME>;

/** What lies in the spool folder, apart from the bundle: a request, and how the last one went. */
export class Notes {
  readonly #folder: string;

  /** @param folder where only root may write */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the bundle of a request lies. */
  get bundle(): string {
    return join(this.#folder, 'bundle');
  }

  /** Leaves a request; what came of an earlier one is forgotten. */
  async ask(request: Request): Promise<void> {
    await rm(join(this.#folder, 'outcome.json'), { force: true });
    await this.#write('request.json', request, 0o600);
  }

  /** @returns the request, if there is one */
  async request(): Promise<Request | undefined> {
    return this.#read('request.json', REQUEST);
  }

  /** Says how it went; the request and its bundle are done with. */
  async close(outcome: Outcome): Promise<void> {
    await this.#write('outcome.json', outcome, 0o644);
    for (const name of ['request.json', 'bundle'])
      await rm(join(this.#folder, name), { force: true });
  }

  /** @returns how the last update went, if there was one; anybody may ask */
  async outcome(): Promise<Outcome | undefined> {
    return this.#read('outcome.json', OUTCOME);
  }

  async #write(name: string, value: unknown, mode: number): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 });
    writeDurably(join(this.#folder, name), `${JSON.stringify(value)}\n`, mode);
  }

  async #read<T>(name: string, schema: v.GenericSchema<unknown, T>): Promise<T | undefined> {
    try {
      return v.parse(schema, JSON.parse(await readFile(join(this.#folder, name), 'utf8')));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}
