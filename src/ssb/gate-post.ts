import type { Gate } from './gate.js';
import type { Hold } from './own/hold.js';

/** Nobody comes in before the desk is there to decide. */
const CLOSED_GATE: Gate = {
  mayRedeem: () => Promise.resolve(false),
  isBanned: () => true,
  redeem: () => Promise.reject(new Error('not open yet')),
  sponsor: () => Promise.reject(new Error('not open yet')),
};

/** Where the gate is hung in once the desk is there; the relay's parts are built before. */
export class GatePost {
  /** Who decides from now on. */
  now: Gate = CLOSED_GATE;

  /**
   * @param hold while it holds, the desk is not asked for what would have to be published: it would
   *   take a code for claimed that somebody else may have redeemed before a restore
   * @returns the gate for the relay's parts
   */
  guardedBy(hold: Hold): Gate {
    return {
      mayRedeem: (key) => this.now.mayRedeem(key),
      isBanned: (feed) => this.now.isBanned(feed),
      redeem: async (key, feed) => {
        hold.check();
        return await this.now.redeem(key, feed);
      },
      sponsor: async (member, feed) => {
        hold.check();
        return await this.now.sponsor(member, feed);
      },
    };
  }
}
