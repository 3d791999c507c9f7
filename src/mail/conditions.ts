/** What the operator is told of by mail. */
export const CONDITION_IDS = [
  'tor-down',
  'self-visit',
  'disk',
  'clock',
  'restart-loop',
  'update',
] as const;

/** One of {@link CONDITION_IDS}. */
export type ConditionId = (typeof CONDITION_IDS)[number];

/** Something that is wrong now and that a person should know of. */
export interface Condition {
  readonly id: ConditionId;
  /** Since when, in milliseconds since 1970, as far as it is known. */
  readonly since: number;
  /** What is wrong and what to do: whole sentences, without anybody's identity. */
  readonly text: string;
}
