import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../src/site/html.js';
import { drawRiddle } from '../../src/site/site.js';

test('a riddle is a PNG of the size it says, small enough for a page', () => {
  for (let n = 0; n < 50; n += 1) {
    const { png, width, height } = drawRiddle();
    assert.equal(png.toString('latin1', 0, 8), '\x89PNG\r\n\x1a\n');
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [width, height]);
    assert.ok(png.length < 25_000, `${png.length} bytes`);
  }
});

test('answers have six signs, none of which looks like another, and hardly ever repeat', () => {
  const answers = Array.from({ length: 200 }, () => drawRiddle().answer);
  for (const answer of answers) assert.match(answer, /^[abdefhkmnprwxy37]{6}$/);
  // By chance two of them are the same in one run of 850, four in less than one of a million.
  assert.ok(new Set(answers).size >= answers.length - 2);
});

test('a picture holds pixels only: no text, time or other words beside them', () => {
  const { png } = drawRiddle();
  const chunks: string[] = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    chunks.push(png.toString('latin1', at + 4, at + 8));
  }
  assert.deepEqual([...new Set(chunks)], ['IHDR', 'IDAT', 'IEND']);
});

test('a template escapes every value but HTML of its own', () => {
  const evil = `<b a="1" c='2'>&amp;`;
  const inner = html`<i>${evil}</i>`;
  assert.equal(
    html`<p title="${evil}">${inner}${[inner]}${undefined}${3}</p>`.text,
    '<p title="&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;">' +
      '<i>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;</i>'.repeat(2) +
      '3</p>',
  );
});
