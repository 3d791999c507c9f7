/** One line of the table. */
export interface Row {
  readonly what: string;
  /** What is compared, as a ratio of two measurements of this run, or of one and its limit. */
  readonly ratio: number;
  /** What the ratio has to be. */
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
  /** The measurements themselves, with their units. */
  readonly raw: string;
}

/** @returns whether the line is as it should be */
export function meets({ ratio, target }: Row): boolean {
  return 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost;
}

/** @returns the table as lines of text */
export function inColumns(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => {
    const { target } = row;
    const wanted = 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
    return [row.what, row.ratio.toFixed(2), wanted, meets(row) ? 'yes' : 'NO', row.raw];
  });
  const lines = [['measured', 'ratio', 'wanted', 'met', 'raw figures'], ...cells];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
