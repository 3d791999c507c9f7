import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDoor } from '../../src/door.js';
import type { RelayThread } from '../../src/ssb/relay-thread.js';
import { deskOptions, openDesk, quiet, someFeed, temporaryFolder } from '../support/invites-kit.js';

for (const held of [undefined, { recorded: 3, heard: 0, of: 1 }]) {
  const when = held === undefined ? 'at a start' : 'while the own feed is waited for';
  test(`the relay knows who is banned before anybody comes in, ${when}`, async (t) => {
    const { desk } = await openDesk(t, deskOptions(await temporaryFolder(t)));
    const banned = someFeed();
    await desk.ban(banned);
    const steps: string[] = [];
    const relay = {
      status: () => ({ ownFeed: { sequence: 3, forked: false, ...(held && { held }) } }),
      setBanned: async (feed: string, on: boolean) => void steps.push(`${feed} ${on}`),
      admit: () => steps.push('open'),
      untilOwnFeedBack: () => new Promise(() => undefined),
    };
    await openDoor(relay as unknown as RelayThread, desk, quiet);
    assert.deepEqual(steps, [`${banned} true`, 'open']);
  });
}
