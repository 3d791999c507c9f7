import * as v from 'valibot';
import type { Part, Store, Write } from './store.js';
import { damaged } from './store-errors.js';

/** A bound on the keys that are read: `from` ≤ key < `below`, at most `limit` of them. */
export interface Range {
  readonly from?: string;
  readonly below?: string;
  readonly limit?: number;
}

/** Records of one kind under string keys, kept as JSON and checked when they are read. */
export class Table<T> {
  readonly #store: Store;
  readonly #part: Part;
  readonly #schema: v.GenericSchema<unknown, T>;

  /**
   * @param name of its part of the database, letters only
   * @param schema what a sound record looks like
   */
  constructor(store: Store, name: string, schema: v.GenericSchema<unknown, T>) {
    this.#store = store;
    this.#part = store.part(name);
    this.#schema = schema;
  }

  /**
   * @returns the record, or undefined when there is none
   * @throws SnugError STATE_DAMAGED when it is not of its kind
   */
  async get(key: string): Promise<T | undefined> {
    const text = await this.#store.read(() => this.#part.get(key));
    return text === undefined ? undefined : this.#parse(text);
  }

  /**
   * @param range which keys, in their order
   * @returns their records
   * @throws SnugError STATE_DAMAGED when one is not of its kind
   */
  async entries(range: Range = {}): Promise<Array<[key: string, record: T]>> {
    const bounds = {
      ...(range.from === undefined ? {} : { gte: range.from }),
      ...(range.below === undefined ? {} : { lt: range.below }),
      limit: range.limit ?? -1,
    };
    const found = await this.#store.read(() => this.#part.iterator(bounds).all());
    return found.map(([key, text]) => [key, this.#parse(text)]);
  }

  /** @returns the change that writes the record, for {@link Store.commit} */
  put(key: string, record: T): Write {
    return { type: 'put', sublevel: this.#part, key, value: JSON.stringify(record) };
  }

  /** @returns the change that removes the record, for {@link Store.commit} */
  remove(key: string): Write {
    return { type: 'del', sublevel: this.#part, key };
  }

  #parse(text: string): T {
    try {
      return v.parse(this.#schema, JSON.parse(text));
    } catch (error) {
      throw damaged(this.#store.folder, error);
    }
  }
}
