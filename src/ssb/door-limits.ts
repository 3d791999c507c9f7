import { grantedTo } from './permissions.js';
import type { SsbTorOptions } from './ssb-tor/index.js';

/** How much of the door one who knocks may take. */
export const DOOR_LIMITS = {
  // Strangers who have not yet proven anything.
  handshakes: 64,
  // A client that dials again at once, and one more behind the same Tor.
  handshakesOfCircuit: 3,
  placesOf: (peer) => grantedTo(peer).places,
} satisfies Partial<SsbTorOptions>;
