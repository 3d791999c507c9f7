import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Allowance } from '../../src/ssb/allowance.js';
import { asBlobId, type BlobId, blobsNamedIn } from '../../src/ssb/blobs/blob-id.js';
import { Fetcher } from '../../src/ssb/blobs/fetcher.js';
import { Outbox } from '../../src/ssb/blobs/outbox.js';
import { WantBook } from '../../src/ssb/blobs/want-book.js';
import { makeBlob } from '../support/blobs.js';

function ids(count: number): BlobId[] {
  return Array.from({ length: count }, () => makeBlob(8).id);
}

describe("a blob's name", () => {
  it('has one form for one blob', () => {
    const { id } = makeBlob(1);
    assert.equal(asBlobId(id), id);
    const alias = id.replace(/.=\.sha256$/, 'B=.sha256');
    const wrong = [alias, id.slice(1), `${id}?unbox=x`, id.replace('sha256', '../x'), '&', 7, null];
    for (const name of wrong) assert.equal(asBlobId(name), undefined, String(name));
  });

  it('is found wherever a message names it', () => {
    const [a, b] = ids(2) as [BlobId, BlobId];
    assert.deepEqual(blobsNamedIn({ image: { link: a }, text: `![x](${b}?x)` }), [a, b]);
    assert.deepEqual(blobsNamedIn(undefined), []);
  });
});

describe('the book of wants', () => {
  const limits = { most: 100, mostOfOne: 3, lifetimeMs: 1000 };

  it('passes a want on once, and again when it is nearer', () => {
    const book = new WantBook(limits, () => 0);
    const [id] = ids(1) as [BlobId];
    assert.deepEqual(
      [book.ask('a', id, -3), book.ask('b', id, -3), book.ask('b', id, -2), book.ask('c', id, -3)],
      [true, false, true, false],
    );
    assert.deepEqual(book.list(), [[id, -2]]);
    assert.deepEqual(book.settle(id), ['a', 'b', 'c']);
    assert.equal(book.size, 0);
  });

  it('remembers a bounded number for each peer, the newest, and takes nothing from others', () => {
    const book = new WantBook(limits, () => 0);
    const [theirs, ...many] = ids(11) as [BlobId, ...BlobId[]];
    book.ask('modest', theirs, -2);
    for (const id of many) book.ask('greedy', id, -2);
    assert.deepEqual(
      book.list().map(([id]) => id),
      [theirs, ...many.slice(-3)],
    );
  });

  it('remembers a bounded number in all', () => {
    const book = new WantBook({ ...limits, most: 5 }, () => 0);
    for (const id of ids(40)) book.ask(`peer of ${id}`, id, -2);
    assert.equal(book.size, 5);
  });

  it('forgets what nobody has brought for too long', () => {
    let now = 0;
    const book = new WantBook(limits, () => now);
    const [old, young] = ids(2) as [BlobId, BlobId];
    book.ask('a', old, -2);
    now = 999;
    book.ask('a', young, -2);
    now = 1000;
    assert.deepEqual(
      book.list().map(([id]) => id),
      [young],
    );
  });
});

describe('what a connection is told', () => {
  const next = (box: Outbox) =>
    new Promise<Record<string, number> | true>((resolve) =>
      box.source(null, (end, news) => resolve(end ? true : (news ?? {}))),
    );

  it('begins with a packet, even an empty one, and then only with news', async () => {
    const box = new Outbox(10);
    assert.deepEqual(await next(box), {});
    const second = next(box);
    const [a, b] = ids(2) as [BlobId, BlobId];
    box.tell(a, -2);
    box.tell(b, -2);
    box.tell(a, 100);
    assert.deepEqual(await second, { [b]: -2, [a]: 100 });
    const third = next(box);
    box.end();
    assert.equal(await third, true);
  });

  it('is a bounded list for a peer that does not ask', async () => {
    const box = new Outbox(10);
    const many = ids(50);
    for (const id of many) box.tell(id, -1);
    assert.deepEqual(Object.keys((await next(box)) as object), many.slice(-10));
  });
});

describe('fetching', () => {
  const limits = { most: 4, mostOfOne: 2, offers: 3 };
  /** Fetches that the test ends. */
  function openFetcher() {
    const running: { holder: string; id: BlobId; end: (isHere: boolean) => Promise<void> }[] = [];
    const feedOf = (holder: string) => holder.charAt(0);
    const fetcher = new Fetcher<string>(limits, feedOf, (holder, id) => {
      return new Promise((resolve) => {
        const end = async (isHere: boolean) => {
          running.splice(running.indexOf(one), 1);
          resolve(isHere);
          await new Promise((settled) => setImmediate(settled));
        };
        const one = { holder, id, end };
        running.push(one);
      });
    });
    return { fetcher, running };
  }

  it('goes on with a few at a time, and few from one peer', () => {
    const { fetcher, running } = openFetcher();
    for (const id of ids(5)) fetcher.offer('a', id, 1);
    assert.equal(running.length, 2);
    for (const id of ids(5)) fetcher.offer('b', id, 1);
    for (const id of ids(5)) fetcher.offer('c', id, 1);
    assert.deepEqual(
      running.map(({ holder }) => holder),
      ['a', 'a', 'b', 'b'],
    );
  });

  it('fetches few from one feed, also over many connections', async () => {
    const { fetcher, running } = openFetcher();
    for (const holder of ['a1', 'a2', 'a3']) {
      for (const id of ids(2)) fetcher.offer(holder, id, 1);
    }
    for (const id of ids(2)) fetcher.offer('b1', id, 1);
    const holders = () => running.map(({ holder }) => holder);
    assert.deepEqual(holders(), ['a1', 'a1', 'b1', 'b1']);
    await running[0]?.end(true);
    assert.deepEqual(holders(), ['a1', 'b1', 'b1', 'a2']);
  });

  it('asks the next peer when one fails, and one at a time', async () => {
    const { fetcher, running } = openFetcher();
    const [id] = ids(1) as [BlobId];
    for (const holder of ['a', 'b', 'c']) fetcher.offer(holder, id, 1);
    assert.deepEqual(
      running.map(({ holder }) => holder),
      ['a'],
    );
    await running[0]?.end(false);
    assert.deepEqual(
      running.map(({ holder }) => holder),
      ['b'],
    );
    await running[0]?.end(true);
    assert.deepEqual([running.length, fetcher.active], [0, 0]);
  });

  it('forgets what somebody who is gone had to offer', async () => {
    const { fetcher, running } = openFetcher();
    const [id] = ids(1) as [BlobId];
    fetcher.offer('a', id, 1);
    fetcher.offer('b', id, 1);
    fetcher.drop('b');
    await running[0]?.end(false);
    assert.equal(running.length, 0);
  });
});

describe('an allowance', () => {
  it('is so much at once, and then so much a time', () => {
    let now = 0;
    const allowance = new Allowance(2, 100, () => now);
    const takes = () => [allowance.take(), allowance.take(), allowance.take()];
    assert.deepEqual(takes(), [true, true, false]);
    now = 150;
    assert.deepEqual(takes(), [true, false, false]);
    now = 10_000;
    assert.deepEqual(takes(), [true, true, false]);
  });
});
