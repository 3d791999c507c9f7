import { messageOf } from '../support/errors.js';
import { applySettings } from './apply.js';
import { placesBelow } from './places.js';

// Run as root by snug-card-settings.service. Whatever is wrong, the box goes on starting: an error
// here must not keep it off the network for good.
process.umask(0o077);
try {
  for (const problem of await applySettings(placesBelow('/'))) process.stderr.write(`${problem}\n`);
} catch (error) {
  process.stderr.write(`snug: the settings on the card cannot be applied: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
