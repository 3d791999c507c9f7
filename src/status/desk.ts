/** What the status needs to know of the invite desk; the counts are since the start. */
export interface DeskView {
  /** Codes that visitors could get now. */
  readonly left: number;
  readonly perHour: number;
  /** Riddles. */
  readonly shown: number;
  readonly solved: number;
  readonly wrong: number;
  /** Answers to riddles that are gone. */
  readonly gone: number;
  /** Right answers that got no code. */
  readonly overBudget: number;
  /** Codes redeemed. */
  readonly redeemed: number;
}

/** @returns answers that got no code, for whatever reason */
export function refusedOf({ wrong, gone, overBudget }: DeskView): number {
  return wrong + gone + overBudget;
}

/** @returns the line of riddles and codes for people */
export function deskLine(desk: DeskView | undefined): string {
  if (desk === undefined) return 'Invites   not started';
  const { left, perHour, shown, solved, redeemed } = desk;
  const riddles = `riddles: ${shown} shown, ${solved} solved, ${refusedOf(desk)} refused`;
  return `Invites   ${left} codes left this hour (${perHour} an hour); ${riddles}; ${redeemed} codes redeemed`;
}

/** @returns what there is to know about codes when there are none, in words */
export function deskTodo(desk: DeskView | undefined): string[] {
  if (desk?.left !== 0) return [];
  return ['Nothing: the codes of this hour are used up; visitors are asked to come back later.'];
}
