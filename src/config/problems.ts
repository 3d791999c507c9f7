import { SnugError } from '../support/errors.js';
import { isTable } from './values.js';

/** One thing to correct in the configuration. */
export interface ConfigProblem {
  /** Dotted, such as `invites.port`; undefined when the file as a whole is at fault. */
  readonly key: string | undefined;
  /** Line in the file, from 1; undefined when the value is not from the file. */
  readonly line: number | undefined;
  /** Column, from 1; only for mistakes in the file's form. */
  readonly column: number | undefined;
  /** The value given, as a short text; undefined when the key is unknown. */
  readonly value: string | undefined;
  /** What is allowed there, or what is wrong with the file. */
  readonly allowed: string;
  /** For an unknown key: the known one that was probably meant. */
  readonly suggestion: string | undefined;
}

/** A problem before its place in the file was looked up. */
export interface Finding {
  readonly key: string;
  readonly value: unknown;
  readonly allowed: string;
  /** Set when the key itself is unknown. */
  readonly unknown?: { readonly suggestion: string | undefined };
}

/** Control and direction characters could forge lines or turn them around in a terminal. */
function harmless(text: string): string {
  const escaped = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/** The known keys whose values must not end up on a screen or in a journal. */
function isSecret(key: string): boolean {
  return /pass|secret|token|pwd/i.test(key);
}

/** @returns a TOML value in at most about 60 characters */
function shown(value: unknown): string {
  if (isTable(value)) return 'a table';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return harmless([...text].length > 60 ? `${[...text].slice(0, 57).join('')}…` : text);
}

/**
 * @param finding what is wrong
 * @param line where its key stands in the file, if it does
 * @returns the problem, fit to be shown
 */
export function problemOf(finding: Finding, line: number | undefined): ConfigProblem {
  const value = isSecret(finding.key) ? '(not shown)' : shown(finding.value);
  return {
    key: harmless(finding.key),
    line,
    column: undefined,
    // A password can stand under any wrong name: "psk", "wifi_key".
    value: finding.unknown === undefined ? value : undefined,
    allowed: finding.allowed,
    suggestion: finding.unknown?.suggestion,
  };
}

/** @returns one line for a person */
function sentence(problem: ConfigProblem): string {
  const { key, line, column, value, allowed, suggestion } = problem;
  const place = column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
  const where = line === undefined ? '' : `${place}: `;
  if (key === undefined) return `${where}${allowed}.`;
  const origin = line === undefined ? ' (not set in the file)' : '';
  const meant = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  const given = value === undefined ? `${key} is unknown` : `${key} = ${value}${origin}`;
  return `${where}${given}; allowed: ${allowed}.${meant}`;
}

/** The configuration cannot be used; nothing was started. The CLI ends with status 78. */
export class ConfigError extends SnugError {
  /** Everything that is to be corrected, in the order of the file. */
  readonly problems: readonly ConfigProblem[];

  /**
   * @param file where it was read from, undefined when there is none
   * @param problems at least one; the message has a line for each
   */
  constructor(file: string | undefined, problems: readonly ConfigProblem[], cause?: unknown) {
    const where = file === undefined ? 'The configuration' : `The configuration in ${file}`;
    const lines = problems.map((problem) => `\n  ${sentence(problem)}`);
    super('CONFIG_INVALID', `${where} cannot be used:${lines.join('')}`, {
      hint: 'Correct this and start again; snug.example.toml explains every key.',
      cause,
    });
    this.name = 'ConfigError';
    this.problems = Object.freeze(problems.map((problem) => Object.freeze({ ...problem })));
  }
}

/**
 * @param file where the configuration was looked for
 * @param reason what is wrong with the file as a whole, with the remedy
 * @param place where in it, from 1
 * @returns the error to throw
 */
export function fileError(
  file: string,
  reason: string,
  place: { readonly line?: number; readonly column?: number; readonly cause?: unknown } = {},
): ConfigError {
  const whole = { key: undefined, value: undefined, suggestion: undefined };
  const { line, column, cause } = place;
  return new ConfigError(file, [{ ...whole, line, column, allowed: reason }], cause);
}
