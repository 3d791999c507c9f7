import { inWords } from '../../doctor/words.js';
import type { AddCommands } from '../cli.js';
import { EXIT } from '../exit-codes.js';

const DOCTOR_EXIT = { well: EXIT.ok, findings: EXIT.degraded, grave: EXIT.down } as const;

/** `snug doctor` */
export const addDoctor: AddCommands = (root, { relayConfig, ask, terminal, signal, exitWith }) => {
  root
    .command('doctor')
    .description('look at everything that the relay stands on, whether it runs or not')
    .option('--fix', 'repair what can be repaired without harm', false)
    .option('--json', 'for scripts', false)
    .action(async ({ fix, json }: { fix: boolean; json: boolean }) => {
      // Only when it is wanted: it comes with the relay's packages, and other commands do not.
      const { checkup } = await import('../../checkup/checkup.js');
      const report = await checkup({
        config: relayConfig,
        ask: (method) => ask(method),
        fix,
        signal,
      });
      // What was cut short would be told as found.
      signal.throwIfAborted();
      const lines = json ? [JSON.stringify(report)] : inWords(report);
      lines.forEach(terminal.out);
      exitWith(DOCTOR_EXIT[report.health]);
    });
};
