import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '../../src/support/errors.js';
import { checkPolicy } from '../../src/update/policy.js';
import { asVersion, compareVersions, parseVersion } from '../../src/update/version.js';

test('versions are ordered as semver orders them', () => {
  const order = [
    '0.0.9',
    '0.1.0-alpha',
    '0.1.0-alpha.1',
    '0.1.0-alpha.beta',
    '0.1.0-rc.2',
    '0.1.0-rc.11',
    '0.1.0',
    '0.2.0',
    '0.10.0',
    '1.0.0',
  ].map(parseVersion);
  for (const [first, a] of order.entries()) {
    for (const [second, b] of order.entries()) {
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(first - second), `${a} ${b}`);
    }
  }
});

test('what could be another folder than a version’s is no version', () => {
  const bad = [
    '',
    '..',
    '.',
    '1.0',
    '1.0.0/..',
    '../1.0.0',
    'current',
    '01.0.0',
    '1.0.0-',
    '1.0.0-a/b',
  ];
  const more = ['1.0.0-..', '1.0.0\n', ' 1.0.0', '1.0.0+x', '1.0.0-A', `1.0.0-${'a'.repeat(60)}`];
  for (const text of [...bad, ...more]) assert.equal(asVersion(text), undefined, text);
});

const state = (reads: number, writes: number) => ({ reads, writes });
const GROUND = {
  installed: { version: parseVersion('1.0.0'), card: 1, state: state(2, 1) },
  card: 2,
  arch: 'arm64',
  allowDowngrade: false,
};
const wanted = (version: string, more = {}) => ({
  version: parseVersion(version),
  card: 1,
  state: state(2, 1),
  arch: 'arm64' as const,
  ...more,
});

test('a newer version that both this card and the data bear is taken', () => {
  checkPolicy(wanted('1.0.1'), GROUND);
  checkPolicy(wanted('1.0.1', { card: 2, state: state(2, 2) }), GROUND);
});

const REFUSED: readonly (readonly [string, string, object, object])[] = [
  ['WRONG_ARCH', '1.1.0', { arch: 'x64' }, {}],
  ['CARD_TOO_OLD', '1.1.0', { card: 3 }, {}],
  ['ALREADY_INSTALLED', '1.0.0', {}, { allowDowngrade: true }],
  ['DOWNGRADE', '0.9.9', {}, {}],
  ['DOWNGRADE', '1.0.0-rc.1', {}, {}],
  ['STATE_FORMAT', '1.1.0', { state: state(3, 3) }, {}],
  ['STATE_FORMAT', '0.9.9', { state: state(0, 0) }, { allowDowngrade: true }],
];
for (const [code, version, release, ground] of REFUSED) {
  test(`${code}: ${version} ${JSON.stringify(release)} ${JSON.stringify(ground)}`, () => {
    assert.throws(
      () => checkPolicy(wanted(version, release), { ...GROUND, ...ground }),
      (error) => codeOf(error) === code,
    );
  });
}

test('an older version is taken when it was asked for', () => {
  checkPolicy(wanted('0.9.9'), { ...GROUND, allowDowngrade: true });
});
