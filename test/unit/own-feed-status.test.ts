import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownFeedLines, ownFeedTodo } from '../../src/status/own-feed.js';

describe('what the status says of the own feed', () => {
  it('is nothing when all is as ever', () => {
    for (const own of [undefined, { sequence: 20, forked: false }]) {
      assert.deepEqual(ownFeedLines(own), []);
      assert.deepEqual(ownFeedTodo(own), []);
    }
  });

  it('is how far it is back, and what can be done', () => {
    const held = { recorded: 20, heard: 1, of: 3 };
    assert.deepEqual(ownFeedLines({ sequence: 12, forked: false, held }), [
      'Own feed  at 12 of 20, waiting for members (1 of 3 members heard): publishing is held back',
    ]);
    assert.match(
      ownFeedLines({ sequence: 21, forked: false, held })[0] ?? '',
      / 21 messages, wait/,
    );
    const [todo = ''] = ownFeedTodo({ sequence: 12, forked: false, held });
    assert.match(todo, /^Wait for members.*snug restore --i-know-it-forks.*docs\/backup\.md/);
  });

  it('is that it is forked, which nobody can mend', () => {
    assert.deepEqual(ownFeedLines({ sequence: 12, forked: true }), ['Own feed  forked']);
    assert.match(ownFeedTodo({ sequence: 12, forked: true })[0] ?? '', /second machine/);
  });
});
