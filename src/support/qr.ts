import { Resvg } from '@resvg/resvg-js';
import { encodeQR } from 'qr';

/** Four modules of light around the code (ISO/IEC 18004, quiet zone). */
const QUIET = 4;
/** A module of the picture, in pixels: large enough for a phone's camera. */
const PIXELS = 8;

/** Light is drawn, dark is the terminal's own ground: most terminals are dark. */
const HALVES = { '11': '█', '10': '▀', '01': '▄', '00': ' ' } as const;

/** @returns rows of modules with the quiet zone, true where dark */
function modules(text: string): boolean[][] {
  return encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
}

function half(upper: boolean | undefined, lower: boolean | undefined): string {
  // Beyond the last row everything is light, as in the quiet zone.
  return HALVES[`${upper === true ? 0 : 1}${lower === true ? 0 : 1}`];
}

/**
 * @param text at most some 2000 bytes
 * @returns its QR code for a dark terminal: lines of half blocks, two modules in one character,
 *   with the quiet zone, no line end after the last
 */
export function qrText(text: string): string {
  const rows = modules(text);
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y] ?? [];
    lines.push(upper.map((dark, x) => half(dark, rows[y + 1]?.[x])).join(''));
  }
  return lines.join('\n');
}

/**
 * @param text at most some 2000 bytes
 * @returns its QR code as a PNG, black on white, with the quiet zone
 */
export function qrPng(text: string): Uint8Array {
  const rows = modules(text);
  const size = rows.length;
  const dark = rows.flatMap((row, y) => row.flatMap((on, x) => (on ? `M${x} ${y}h1v1h-1z` : [])));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#fff"/><path d="${dark.join('')}"/></svg>`;
  return new Resvg(svg, { fitTo: { mode: 'width', value: size * PIXELS } }).render().asPng();
}
