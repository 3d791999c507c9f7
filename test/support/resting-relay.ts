import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { InviteDesk } from '../../src/invites/desk.js';
import { Relay } from '../../src/ssb/relay.js';
import type { FeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { type CliGround, cliGround } from './cli-run.js';
import { deskOptions, someFeed } from './invites-kit.js';
import { SOME_ONION } from './ssb-house.js';

const quiet = createLog({ write: () => undefined, journal: false, verbose: false });

/** The files of a real relay that has been stopped, and the command to look at them. */
export interface RestingRelay extends CliGround {
  readonly state: string;
  readonly flume: string;
  /** Whom it follows; each follow is one message of its own. */
  readonly follows: readonly FeedId[];
  /** Opens the relay on these files, as a start does, and stops it again. */
  started<T>(look: (relay: Relay) => Promise<T>): Promise<T>;
  openDesk(): Promise<InviteDesk>;
  /** @returns every file below the state with its content, to see that nothing has changed */
  snapshot(): Map<string, string>;
}

/** @returns the files of a relay that has published a few messages and was stopped */
export async function restingRelay(t: TestContext): Promise<RestingRelay> {
  const ground = cliGround(t);
  const state = join(ground.folder, 'state');
  const open = () =>
    Relay.open({
      folder: join(state, 'ssb'),
      listen: join(ground.folder, 'ssb.sock'),
      socks: join(ground.folder, 'no-socks'),
      host: SOME_ONION,
      port: 8008,
      hops: 2,
      connections: 8,
      log: quiet,
    });
  const started = async <T>(look: (relay: Relay) => Promise<T>): Promise<T> => {
    const relay = await open();
    try {
      return await look(relay);
    } finally {
      await relay.close();
    }
  };
  const openDesk = () => InviteDesk.open(deskOptions(join(state, 'invites')));
  const old = process.umask(0o077);
  t.after(() => process.umask(old));
  const follows = Array.from({ length: 5 }, () => someFeed());
  await started(async (relay) => {
    for (const feed of follows) await relay.follow(feed);
  });
  const desk = await openDesk();
  await desk.create({ note: 'for Ada' });
  await desk.close();
  const snapshot = () => {
    const files = readdirSync(state, { recursive: true, withFileTypes: true });
    const paths = files
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    return new Map(paths.sort().map((path) => [path, readFileSync(path).toString('base64')]));
  };
  return {
    ...ground,
    state,
    flume: join(state, 'ssb', 'flume'),
    follows,
    started,
    openDesk,
    snapshot,
  };
}
