/** Types of what tests use of setup.mjs. */
export type Need =
  | 'tor'
  | 'browser'
  | 'root'
  | 'foreign'
  | 'foreignTest'
  | 'fat'
  | 'fatFiles'
  | 'ext4'
  | 'partitions'
  | 'xz'
  | 'board'
  | 'chromium'
  | 'certutil'
  | 'proxy'
  | 'socketProxy';
export interface RunOptions {
  readonly cwd?: string;
  readonly stdio?: unknown;
}
export interface Machine {
  run(file: string, args: readonly string[], options?: RunOptions): Promise<number>;
  hasProgram(name: string, searchPath?: string): boolean;
  isRoot(): boolean;
  say(text: string): void;
}
export interface Tree {
  readonly packages?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
export class SetupError extends Error {}
export function checkNode(version?: string): void;
export function hasProgram(name: string, searchPath?: string): boolean;
export function ensure(needs: readonly Need[], machine?: Machine): Promise<void>;
export function ensurePackages(machine?: Machine, root?: string): Promise<void>;
export function treeMatches(lock: Tree, installed: Tree): boolean;
