import { randomInt } from 'node:crypto';
import { Resvg } from '@resvg/resvg-js';
import svgCaptcha from 'svg-captcha';
import type { Riddle } from './options.js';

/** Left out are all that look like another one, in either case, in svg-captcha's font. */
const ALPHABET = 'abdefhkmnprwxy37';
const LENGTH = 6;
const WIDTH = 420;
const HEIGHT = 140;
const INK = '#33241b';
const GROUND = '#fbf5e9';
/** The font is hollow: a pen along its outlines makes it as heavy as the lines that cross it. */
const GLYPH_PEN = `stroke="${INK}" stroke-width="1.8"`;
const LINE_PEN = `stroke="${INK}" stroke-width="3"`;

/** svg-captcha picks with Math.random, which can be foreseen; the answer must not be. */
function randomAnswer(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/**
 * svg-captcha gives each glyph its own grey, which sorts them for a solver (docs/facts.md, Captcha):
 * all get one ink, the lines across them the width of a pen stroke, and each glyph a tilt.
 */
function inOneInk(svg: string): string {
  return svg
    .replace(/stroke="#[0-9a-f]+"/g, LINE_PEN)
    .replace(/fill="#[0-9a-f]+" d="M(-?[\d.]+) (-?[\d.]+)/g, (_all, x: string, y: string) => {
      const tilt = randomInt(-14, 15);
      return `fill="${INK}" ${GLYPH_PEN} transform="rotate(${tilt} ${x} ${y})" d="M${x} ${y}`;
    });
}

/**
 * Draws a fresh riddle: svg-captcha makes the outlines, resvg a PNG of them, since Tor Browser at
 * "Safest" shows no SVG and a PNG does not carry the glyphs' paths.
 *
 * @returns the picture, light ground and dark ink, and the six letters and digits in it
 */
export function drawRiddle(): Riddle {
  const answer = randomAnswer();
  const shown = Array.from(answer, (sign) => (randomInt(2) === 0 ? sign : sign.toUpperCase()));
  const svg = svgCaptcha(shown.join(''), { width: WIDTH, height: HEIGHT, fontSize: 130, noise: 3 });
  const image = new Resvg(inOneInk(svg), {
    background: GROUND,
    // Looking for the system's fonts would cost more than the drawing; the text is outlines.
    font: { loadSystemFonts: false },
  }).render();
  return { answer, png: image.asPng(), width: WIDTH, height: HEIGHT };
}
