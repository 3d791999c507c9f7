// The device tree and the SD slot of a real board, as far as the emulator plays them: it has no
// way out to a network, so the onion address is as far as the card comes.
import { say } from '../../lib/run.mjs';
import { readFat } from '../card.mjs';
import { ADDRESS, BOOT_SECONDS, during } from '../world.mjs';

export async function raspi3b(world) {
  const card = await world.freshCard('raspi3b');
  await during(world.switchOn(card, 'raspi3b', { board: 'raspi3b' }), async (machine) => {
    await machine.waitFor(ADDRESS, 2 * BOOT_SECONDS);
    world.reached(machine, 'raspi3b: address on the serial console');
    await world.untilTold(machine);
  });
  say(await readFat(card.disk, 'snug-address.txt'));
}
