import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Resvg } from '@resvg/resvg-js';
import { decodeQR } from 'qr/decode.js';
import { qrPng, qrText } from '../../src/support/qr.js';

const URL = 'http://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion/invite/';

/** What a terminal shows, each half block as a square of pixels; light where something is drawn. */
function screenshot(text: string, scale: number) {
  const rows = text
    .split('\n')
    .flatMap((line) => [
      [...line].map((c) => c === '█' || c === '▀'),
      [...line].map((c) => c === '█' || c === '▄'),
    ]);
  const width = (rows[0]?.length ?? 0) * scale;
  const height = rows.length * scale;
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true;
      data.fill(light ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

/** @returns the pixels of a PNG, through an SVG that shows it */
function pixels(png: Uint8Array) {
  const bytes = Buffer.from(png);
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const href = `data:image/png;base64,${bytes.toString('base64')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image href="${href}" width="${width}" height="${height}"/></svg>`;
  return { width, height, data: new Uint8Array(new Resvg(svg).render().pixels) };
}

const timeLimit = 10_000;

describe('a QR code', () => {
  it('as a picture is read again', () => {
    const image = pixels(qrPng(URL));
    assert.equal(image.width, image.height);
    assert.equal(decodeQR(image, { timeLimit }), URL);
  });

  it('in a dark terminal is read again', () => {
    assert.equal(decodeQR(screenshot(qrText(URL), 6), { timeLimit }), URL);
  });

  it('in a terminal has lines of the same width, light all around', () => {
    const lines = qrText(URL).split('\n');
    assert.equal(new Set(lines.map((line) => [...line].length)).size, 1);
    assert.ok(lines.every((line) => line.startsWith('████') && line.endsWith('████')));
    for (const line of [...lines.slice(0, 2), lines.at(-1) ?? '']) assert.match(line, /^█+$/);
    assert.ok([...(lines[0] ?? '')].length <= 80, 'fits into a terminal');
  });

  it('of another text is another one', () => {
    assert.notEqual(qrText(`${URL}x`), qrText(URL));
  });
});
