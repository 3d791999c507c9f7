import type { Ailment } from './healing.js';

const HINTS = {
  path: 'Tor gets new circuits and is restarted by itself; if it lasts for hours, check the network and the clock.',
  page: 'If a copy of this relay runs elsewhere with the same keys, stop one of the two at once; else restart Snug.',
  door: 'It is opened again by itself; nothing may clean the folder of the sockets while Snug runs.',
} as const;

/** @returns what the relay suffers from, and what a person can do, each a sentence */
export function ailmentInWords({ kind, why }: Ailment): { what: string; hint: string } {
  const hint = HINTS[kind];
  switch (kind) {
    case 'path':
      return { what: `The relay cannot reach itself through Tor (${why}).`, hint };
    case 'page':
      return { what: `Something else than our page answers at the onion address (${why}).`, hint };
    case 'door':
      return { what: "The site's own socket does not answer.", hint };
  }
}

/** @returns a time of that many milliseconds, in minutes */
export function minutesInWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 1 ? 'less than a minute' : `${minutes} min`;
}
