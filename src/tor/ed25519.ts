/*
 * The public key of an expanded ed25519 secret key. Node derives public keys from seeds only, and
 * Tor's key files hold no seed. RFC 8032, section 5.1. Not made to hide its timing: it runs at the
 * start of the relay, where nobody can measure it.
 */

const P = 2n ** 255n - 19n;
/** The group's order. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

/** Fermat: P is prime. */
const inverse = (value: bigint) => power(value, P - 2n);

const D = mod(-121665n * inverse(121666n));
const ZERO: Point = { x: 0n, y: 1n, z: 1n, t: 0n };

/** RFC 8032, section 5.1.4; complete, so it doubles too. */
function add(p: Point, q: Point): Point {
  const a = mod((p.y - p.x) * (q.y - q.x));
  const b = mod((p.y + p.x) * (q.y + q.x));
  const c = mod(2n * D * p.t * q.t);
  const d = mod(2n * p.z * q.z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) };
}

function basePoint(): Point {
  const y = mod(4n * inverse(5n));
  const x = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
  return { x, y, z: 1n, t: mod(x * y) };
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/**
 * @param scalar the first 32 bytes of an expanded secret key
 * @returns the public key, 32 bytes
 */
export function publicKeyOf(scalar: Buffer): Buffer {
  let sum = ZERO;
  let doubled = basePoint();
  for (let left = littleEndian(scalar) % ORDER; left > 0n; left >>= 1n) {
    if (left & 1n) sum = add(sum, doubled);
    doubled = add(doubled, doubled);
  }
  const z = inverse(sum.z);
  const sign = (mod(sum.x * z) & 1n) << 255n;
  const hex = (mod(sum.y * z) | sign).toString(16).padStart(64, '0');
  return Buffer.from(hex, 'hex').reverse();
}
