import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a small board reports of itself; what it does not report is left out. */
export interface BoardView {
  readonly celsius?: number;
  /** The processor is slowed down now, for heat or for want of power. */
  readonly throttled?: boolean;
  /** The supply gives too little voltage now. */
  readonly underVoltage?: boolean;
  /** One of the two was so since the board was switched on. */
  readonly troubleBefore?: boolean;
}

/** Files of Linux's sysfs. */
export interface BoardPaths {
  /** Thousandths of a degree. */
  readonly temperature: string;
  /** The firmware of a Raspberry Pi: hexadecimal bits. */
  readonly throttled: string;
  /** Folder of sensors; one of them, `rpi_volt`, has the alarm of the voltage. */
  readonly sensors: string;
}

export const LINUX_BOARD: BoardPaths = {
  temperature: '/sys/class/thermal/thermal_zone0/temp',
  throttled: '/sys/devices/platform/soc/soc:firmware/get_throttled',
  sensors: '/sys/class/hwmon',
};

/** Raspberry Pi documentation, `vcgencmd get_throttled`: bits of now; those 16 further up, of before. */
const BITS = { underVoltage: 0b0001, slowed: 0b1110 } as const;
const BEFORE = 16;
/** From here on the firmware begins to slow the processor down. */
const HOT_CELSIUS = 80;

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function readCelsius(path: string): Promise<Pick<BoardView, 'celsius'>> {
  const text = await readText(path);
  if (text === undefined || !/^-?\d{1,7}$/.test(text)) return {};
  return { celsius: Math.round(Number(text) / 1000) };
}

async function readFirmware(path: string): Promise<BoardView> {
  const text = await readText(path);
  if (text === undefined || !/^(0x)?[0-9a-f]{1,8}$/i.test(text)) return {};
  const bits = Number.parseInt(text, 16);
  return {
    throttled: (bits & BITS.slowed) !== 0,
    underVoltage: (bits & BITS.underVoltage) !== 0,
    troubleBefore: bits >>> BEFORE !== 0,
  };
}

/** Kernel documentation, hwmon/raspberrypi-hwmon: `in0_lcrit_alarm`. */
async function readVoltage(sensors: string): Promise<BoardView> {
  for (const name of await readdir(sensors).catch(() => [])) {
    const folder = join(sensors, name);
    if ((await readText(join(folder, 'name'))) !== 'rpi_volt') continue;
    const alarm = await readText(join(folder, 'in0_lcrit_alarm'));
    if (alarm === '0' || alarm === '1') return { underVoltage: alarm === '1' };
  }
  return {};
}

/** @returns what the board reports; undefined when it reports nothing */
export async function readBoard(paths: BoardPaths): Promise<BoardView | undefined> {
  const [celsius, voltage, firmware] = await Promise.all([
    readCelsius(paths.temperature),
    readVoltage(paths.sensors),
    readFirmware(paths.throttled),
  ]);
  const board = { ...celsius, ...voltage, ...firmware };
  return Object.keys(board).length === 0 ? undefined : board;
}

/** @returns the line of the board for people */
export function boardLine(board: BoardView): string {
  const parts: string[] = [];
  if (board.celsius !== undefined) parts.push(`${board.celsius} °C`);
  if (board.throttled !== undefined)
    parts.push(board.throttled ? 'slowed down' : 'not slowed down');
  if (board.underVoltage !== undefined) {
    parts.push(board.underVoltage ? 'too little voltage' : 'voltage is right');
  }
  if (board.troubleBefore === true) parts.push('was slowed down or short of voltage before');
  return `Board     ${parts.join(', ')}`;
}

/** @returns what somebody should do about the board, in words */
export function boardTodo(board: BoardView | undefined): string[] {
  if (board?.underVoltage === true) {
    return [
      'Use a stronger power supply or a shorter cable: the board gets too little voltage, which can damage what is on the card.',
    ];
  }
  const hot = (board?.celsius ?? 0) >= HOT_CELSIUS;
  if (!hot && board?.throttled !== true) return [];
  return ['Give the board air: it is so hot that it slows itself down.'];
}
