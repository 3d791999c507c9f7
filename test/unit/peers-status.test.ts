import assert from 'node:assert/strict';
import { it } from 'node:test';
import { peerLines } from '../../src/status/peers.js';

it('"snug status" says of each relay how it is, and why', () => {
  const now = 10_000_000_000;
  const id = `@${Buffer.alloc(32, 1).toString('base64')}.ed25519`;
  const minute = 60_000;
  const lines = peerLines(
    [
      { name: 'harbour', id, state: 'connected', since: now - 184 * minute },
      { name: undefined, id, state: 'connected', since: now - 1 },
      { name: 'x', id, state: 'waiting', nextTry: now + 5 * minute, lastError: 'it may be off' },
      { name: 'x', id, state: 'dialling' },
      { name: 'x', id, state: 'offline' },
      { name: 'x', id, state: 'banned' },
      // The clock was set back.
      { name: 'x', id, state: 'connected', since: now + 90 * minute },
    ],
    now,
  );
  assert.deepEqual(lines, [
    'Peer      harbour (@AQEBAQEB…): connected for 3 h 4 min',
    'Peer      @AQEBAQEB…: connected for less than a minute',
    'Peer      x (@AQEBAQEB…): next try in 5 min; last time it may be off',
    'Peer      x (@AQEBAQEB…): dialling',
    'Peer      x (@AQEBAQEB…): waits for Tor',
    'Peer      x (@AQEBAQEB…): banned, so it is not dialled',
    'Peer      x (@AQEBAQEB…): connected for less than a minute',
  ]);
});
