import { posix } from 'node:path';

/** A source file: its path below src, with slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const ROOMS = [
  'config',
  'tor',
  'ssb',
  'invites',
  'site',
  'mail',
  'status',
  'control',
  'clearnet',
  'doctor',
  'backup',
];
/** Any room that is a consumer of others declares what it needs; app.ts and rooms.ts wire them. */
const ONLY_SUPPORT = Object.fromEntries(ROOMS.map((room) => [room, ['support']]));

/**
 * Which parts of src may be imported by which: what stands in the list and nothing else, the part
 * itself apart. A part is a folder of src or a file that lies in src itself.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli'],
  cli: [
    'app.ts',
    'backup',
    'backups.ts',
    'checkup',
    'clearnet',
    'config',
    'control',
    'doctor',
    'status',
    'support',
    'update',
  ],
  // What the doctor looks at, put together as app.ts puts the rooms together.
  checkup: ['rooms.ts', ...ROOMS, 'support'],
  // What `snug backup` and `snug restore` do, put together in the same way.
  'backups.ts': ['rooms.ts', ...ROOMS, 'support'],
  // The demo runs the relay as an operator would, from outside.
  demo: ['clearnet', 'config', 'control', 'support'],
  // The measurements do the same, and speak SSB to it.
  bench: ['control', 'demo', 'ssb', 'status', 'support'],
  // At boot and apart from the relay: the card's own settings.
  appliance: ['config', 'support'],
  // Apart from the relay too, partly as root; it asks the relay whether it is ready.
  update: ['control', 'support'],
  'app.ts': [
    'card.ts',
    'clearnet-site.ts',
    'door.ts',
    'health.ts',
    'operator.ts',
    'post.ts',
    'rooms.ts',
    ...ROOMS,
    'support',
  ],
  'card.ts': ['rooms.ts', ...ROOMS, 'support'],
  'clearnet-site.ts': ['rooms.ts', ...ROOMS, 'support'],
  'door.ts': [...ROOMS, 'support'],
  'health.ts': ['rooms.ts', ...ROOMS, 'support'],
  'operator.ts': [
    'card.ts',
    'clearnet-site.ts',
    'health.ts',
    'post.ts',
    'rooms.ts',
    ...ROOMS,
    'support',
  ],
  'post.ts': ['health.ts', 'rooms.ts', ...ROOMS, 'support'],
  'rooms.ts': [...ROOMS, 'support'],
  ...ONLY_SUPPORT,
  support: [],
  types: [],
};

/**
 * Packages that only one place may import, so that their faults are closed in one place; the bench
 * and the demo play the relay's peers.
 */
export const SOLE_IMPORTERS: readonly (readonly [RegExp, ...string[]])[] = [
  [/^granax$/, 'tor/control.ts'],
  [
    /^(ssb-.*|secret-stack|muxrpc|multiserver.*|(.*-)?pull-stream|pull-.*|flume.*)$/,
    'ssb/',
    'bench/',
    'demo/stock-peer.ts',
  ],
  [/^svg-captcha$/, 'site/'],
  [/^@resvg\/resvg-js$/, 'site/', 'support/qr.ts'],
  [/^qr$/, 'support/qr.ts'],
  [/^socks$/, 'support/tor-dial.ts', 'bench/', 'demo/stock-peer.ts'],
  [/^express(-.*)?$/, 'site/'],
  [/^nodemailer$/, 'mail/'],
  [/^classic-level$/, 'invites/'],
  [/^age-encryption$/, 'backup/'],
  [/^modern-tar$/, 'backup/', 'update/'],
];

export const LONGEST_FILE = 250;

/** House style puts comments on lines of their own; what they quote is no import. */
const COMMENT = /^\s*(\/\/|\/\*|\*)/;
const STATIC_IMPORTS = [/\bfrom\s*(['"`])([^'"`\s]+)\1/g, /\bimport\s*(['"`])([^'"`\s]+)\1/g];
const LITERAL_IMPORTS = [
  ...STATIC_IMPORTS,
  /\b(?:import|require|require\.resolve|import\.meta\.resolve)\s*\(\s*(['"`])([^'"`]+)\1/g,
];
const COMPUTED_IMPORT = /\b(?:import|require)\s*\(\s*[^'"`\s)]/;

function code(text: string): string {
  const lines = text.split('\n');
  return lines.filter((line) => !COMMENT.test(line)).join('\n');
}

/** @returns what a source imports, in whatever way */
export function importsOf(text: string, forms = LITERAL_IMPORTS): string[] {
  const source = code(text);
  return forms.flatMap((form) => [...source.matchAll(form)].map((m) => m[2] ?? ''));
}

/**
 * @param path of a compiled file, which has no imports of types any more
 * @param read gives its text, and that of those that it imports
 * @returns the packages that are loaded with it, before any of its code runs
 */
export function packagesWith(path: string, read: (path: string) => string): Set<string> {
  const packages = new Set<string>();
  const files = new Set([path]);
  for (const file of files) {
    for (const specifier of importsOf(read(file), STATIC_IMPORTS)) {
      if (specifier.startsWith('.')) files.add(posix.join(posix.dirname(file), specifier));
      else if (!specifier.startsWith('node:')) packages.add(packageOf(specifier));
    }
  }
  return packages;
}

/** @returns the folder of src that a file lies in, or the file's own name */
function partOf(path: string): string {
  return path.split('/')[0] ?? path;
}

/** `@scope/name/sub` → `@scope/name`, `name/sub` → `name`. */
function packageOf(specifier: string): string {
  const words = specifier.split('/');
  return words.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function checkInside(path: string, specifier: string): string[] {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (target.startsWith('..')) return [`${path} imports ${specifier}, outside of src`];
  const own = partOf(path);
  const other = partOf(target.replace(/\.js$/, '.ts'));
  const allowed = other === own || MAY_IMPORT[own]?.includes(other) === true;
  return allowed ? [] : [`${path} imports ${specifier}: ${own} may not import ${other}`];
}

function checkPackage(path: string, specifier: string): string[] {
  const name = packageOf(specifier);
  return SOLE_IMPORTERS.flatMap(([packages, ...places]) => {
    if (!packages.test(name)) return [];
    const mayImport = (place: string) =>
      path === place || (place.endsWith('/') && path.startsWith(place));
    return places.some(mayImport) ? [] : [`${path} imports ${name}, which only ${places[0]} may`];
  });
}

/**
 * @param file a source file of src
 * @returns a sentence for each rule of the house that it breaks
 */
export function checkFile(file: SourceFile): string[] {
  const { path, text } = file;
  const part = partOf(path);
  if (MAY_IMPORT[part] === undefined) return [`${path} lies in no room that the house knows`];
  const problems = importsOf(text).flatMap((specifier) => {
    if (specifier.startsWith('node:')) return [];
    if (specifier.startsWith('.')) return checkInside(path, specifier);
    // Declarations of untyped packages may name each other.
    return part === 'types' ? [] : checkPackage(path, specifier);
  });
  const lines = text.trimEnd().split('\n').length;
  if (lines > LONGEST_FILE) problems.push(`${path} has ${lines} lines, over ${LONGEST_FILE}`);
  if (COMPUTED_IMPORT.test(code(text))) problems.push(`${path} computes what it imports`);
  return problems;
}
