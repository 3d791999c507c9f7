import type { Machine } from './setup.mjs';

/** Types of what tests use of build.mjs. */
export function filesBelow(root: string, folder: string): string[];
export function staleOutputs(root?: string): string[];
export function needsBuild(root?: string): boolean;
export function build(machine?: Machine, root?: string): Promise<void>;
