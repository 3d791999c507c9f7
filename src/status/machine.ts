import { stat } from 'node:fs/promises';
import { type BoardPaths, type BoardView, LINUX_BOARD, readBoard } from './board.js';
import { type DiskView, readDisk } from './disk.js';
import { CARD_UPDATES, readUpdates, type UpdatesView } from './updates.js';

/** The file of all messages. */
export interface LogView {
  readonly bytes: number;
  /** When it last grew, in milliseconds since 1970. */
  readonly lastMessage: number;
}

/** What the status needs to know of the machine; what cannot be found out is undefined. */
export interface MachineView {
  readonly disk: DiskView | undefined;
  readonly board: BoardView | undefined;
  readonly log: LogView | undefined;
  readonly updates: UpdatesView | undefined;
}

/** Where {@link Machine} looks. */
export interface MachinePaths {
  /** The folder whose disk counts. */
  readonly state: string;
  /** The file of all messages. */
  readonly log: string;
  /** {@link LINUX_BOARD} unless given. */
  readonly board?: BoardPaths;
  /** {@link CARD_UPDATES} unless given. */
  readonly updates?: string;
}

async function readLog(path: string): Promise<LogView | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && { bytes: found.size, lastMessage: found.mtimeMs };
}

/** What the machine says of itself: a few small reads, done when somebody wants to know. */
export class Machine {
  readonly #paths: MachinePaths;
  #view: MachineView = { disk: undefined, board: undefined, log: undefined, updates: undefined };

  /** @param paths where to look */
  constructor(paths: MachinePaths) {
    this.#paths = paths;
  }

  /** @returns what the last look saw */
  get view(): MachineView {
    return this.#view;
  }

  /** Looks again; never rejects. */
  async look(): Promise<MachineView> {
    const { state, log, board = LINUX_BOARD, updates = CARD_UPDATES } = this.#paths;
    const looks = [readDisk(state), readBoard(board), readLog(log), readUpdates(updates)] as const;
    const [diskView, boardView, logView, updatesView] = await Promise.all(looks);
    this.#view = { disk: diskView, board: boardView, log: logView, updates: updatesView };
    return this.#view;
  }
}
