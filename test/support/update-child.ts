import { apply, type Step } from '../../src/update/apply.js';
import { FakeCard } from './update-kit.js';

// Carries out the update that waits on a card, and is killed at a step: argv is the card's folder,
// the step, and `sound` or `broken`: whether the new version becomes ready.
const [, , root = '', fatal, health] = process.argv;
const card = new FakeCard(root);
if (health === 'broken') card.sound.delete('1.1.0');
const tools = card.tools();
const step = (name: Step) => {
  if (name === fatal) process.kill(process.pid, 'SIGKILL');
};
await apply({ ...tools, step });
