// Power cuts at random moments from power-on to the redemption of a code, each followed by a start
// that must come up, and by another cut at the very moment a code was redeemed.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { say } from '../../lib/run.mjs';
import { becomeMember } from '../visit.mjs';
import { ADDRESS, during } from '../world.mjs';

/** Until a start has shown how long it takes to the redemption of a code. */
const USUAL_SECONDS = 200;

/** The card's own feed as members have seen it: two messages with one number are a fork. */
class Witness {
  #seen = [];
  #member;

  /** Looks at the feed through the first member's eyes, after each redemption. */
  async look(member) {
    if (this.#member === undefined) this.#member = member;
    else await member.peer.close();
    const { peer, code, relay } = this.#member;
    const rpc = await peer.connect(code);
    try {
      const ids = await peer.history(rpc, relay);
      assert.ok(ids.length > this.#seen.length, 'a redemption is published');
      assert.deepEqual(ids.slice(0, this.#seen.length), this.#seen, 'the own feed is not forked');
      this.#seen = ids;
    } finally {
      rpc.close(true);
    }
    return this.#seen.length;
  }

  close() {
    return this.#member?.peer.close();
  }
}

/** A visitor is on the way too, so that the cut may strike a riddle or a redemption. */
async function cutSomewhere(world, card, name, seconds) {
  const machine = world.switchOn(card, name);
  const folder = join(card.folder, name);
  // Tor gives up a connection after two minutes: the visitor of a dead board is not waited for.
  machine
    .waitFor(ADDRESS, seconds)
    .then(([, host]) => becomeMember({ ...world, folder, host, machine }))
    .then(({ peer }) => peer.close())
    .catch(() => undefined);
  await pause(seconds * 1000, undefined, { signal: world.signal });
  await machine.cut();
  return ADDRESS.exec(machine.text)?.[1];
}

async function comeUp(world, card, name, { host, witness }) {
  return during(world.switchOn(card, name), async (machine) => {
    const now = await world.untilPublished(machine, `${name}: published, same address`, host);
    const folder = join(card.folder, name);
    const member = await becomeMember({ ...world, folder, host: now, machine });
    const seconds = machine.seconds;
    const messages = await witness.look(member);
    say(`${name}: a code redeemed after ${seconds} s; ${messages} messages in the own feed`);
    return { host: now, seconds };
  });
}

export async function cuts(world, count) {
  const card = await world.freshCard('cuts', { settings: world.settings(world.sshLines) });
  const witness = new Witness();
  let [host, usual] = [undefined, USUAL_SECONDS];
  try {
    for (let i = 1; i <= count; i++) {
      const seconds = randomInt(5, usual + 10);
      const seen = await cutSomewhere(world, card, `cut ${i}`, seconds);
      say(`power cut ${i} of ${count}: ${seconds} s after power-on`);
      if (host !== undefined && seen !== undefined) assert.equal(seen, host);
      host ??= seen;
      ({ host, seconds: usual } = await comeUp(world, card, `after cut ${i}`, { host, witness }));
    }
  } finally {
    await witness.close();
  }
}
