import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeFeeds } from '../../src/bench/feeds.js';
import { inColumns, meets, type Row } from '../../src/bench/table.js';

describe('the table of measurements', () => {
  const row = (ratio: number, target: Row['target']): Row => ({
    what: 'one / other',
    ratio,
    target,
    raw: '1 / 2',
  });

  it('knows which lines are as they should be', () => {
    assert.equal(meets(row(0.9, { atLeast: 0.9 })), true);
    assert.equal(meets(row(0.89, { atLeast: 0.9 })), false);
    assert.equal(meets(row(3, { atMost: 3 })), true);
    assert.equal(meets(row(3.01, { atMost: 3 })), false);
    assert.equal(meets(row(Number.NaN, { atMost: 3 })), false);
  });

  it('gives each line its ratio, what was wanted, and the raw figures', () => {
    const [head, line] = inColumns([row(0.5, { atLeast: 0.9 })]);
    assert.match(head ?? '', /^measured\s+ratio\s+wanted\s+met\s+raw figures$/);
    assert.match(line ?? '', /^one \/ other\s+0\.50\s+≥ 0\.9\s+NO\s+1 \/ 2$/);
  });
});

describe('the feeds of the bench', () => {
  it('are as many as asked for, chained, and the member follows all others', () => {
    const { member, messages, count } = makeFeeds({ feeds: 3, messages: 4 });
    assert.equal(count, 12);
    const own = messages.get(member.id) ?? [];
    const contacts = own.flatMap(({ content }) => (content as { contact?: string }).contact ?? []);
    assert.deepEqual(contacts, [...messages.keys()].slice(1));
    assert.deepEqual(
      own.map(({ sequence }) => sequence),
      [1, 2, 3, 4],
    );
    assert.equal(own[0]?.previous, null);
    assert.match(String(own[1]?.previous), /^%.{44}\.sha256$/);
  });
});
