/** What the status needs to know of the relay's own feed. */
export interface OwnFeedView {
  /** Of its last message here. */
  readonly sequence: number;
  /** Some peer holds another message in the place of one of ours. */
  readonly forked: boolean;
  /** Nothing is published, and why. */
  readonly held?: {
    /** How far the feed is known to have come. */
    readonly recorded: number;
    /** Members and listed relays that have said what they hold, and how many there are. */
    readonly heard: number;
    readonly of: number;
  };
}

/** @returns the lines of the own feed for people; none when all is as ever */
export function ownFeedLines(own: OwnFeedView | undefined): string[] {
  if (own?.held === undefined) return own?.forked === true ? ['Own feed  forked'] : [];
  const { recorded, heard, of } = own.held;
  const far =
    own.sequence < recorded ? `at ${own.sequence} of ${recorded}` : `${own.sequence} messages`;
  const members = `${heard} of ${of} members heard`;
  return [`Own feed  ${far}, waiting for members (${members}): publishing is held back`];
}

/** @returns what somebody should do about the own feed, in words */
export function ownFeedTodo(own: OwnFeedView | undefined): string[] {
  const todo: string[] = [];
  if (own?.held !== undefined) {
    todo.push(
      'Wait for members: nobody new is taken in before the own feed of the relay is back from those who hold it. If they will never come: "snug restore --i-know-it-forks" (docs/backup.md).',
    );
  }
  if (own?.forked === true) {
    todo.push(
      'The own feed is forked: others hold other messages of it than this relay. Was its key used on a second machine? See docs/backup.md.',
    );
  }
  return todo;
}
