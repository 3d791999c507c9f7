// The board, emulated. The emulator is killed like a power cut, unless it is asked to shut down.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PIPE = fileURLToPath(new URL('pipe.mjs', import.meta.url));
/** Where the guest finds the way to the private Tor network; it can reach nothing else. */
export const PROXY = { host: '10.0.2.100', port: 1080 };

/** A network that ends at the emulator, but for the proxy. */
function lan(proxyPort) {
  const command = `${process.execPath} ${PIPE} ${proxyPort}`;
  const forward = `,guestfwd=tcp:${PROXY.host}:${PROXY.port}-cmd:${command}`;
  return `user,id=lan,restrict=on${proxyPort === undefined ? '' : forward}`;
}

const KERNEL_LINE = 'rw net.ifnames=0 fsck.repair=yes panic=10';

/** Boards that the emulator knows. Its raspi3b ends silently when the watchdog is armed. */
export const BOARDS = {
  virt: ({ disk, kernel, initrd, capture, proxyPort }) => [
    ...['-M', 'virt,gic-version=3', '-cpu', 'cortex-a72', '-smp', '2', '-m', '1024'],
    ...['-kernel', kernel, '-initrd', initrd],
    ...['-append', `root=LABEL=snug-root ${KERNEL_LINE} console=tty0 console=ttyAMA0,115200`],
    ...['-drive', `if=none,id=card,format=raw,file=${disk},cache=writeback`],
    ...['-device', 'virtio-blk-pci,drive=card'],
    ...['-netdev', lan(proxyPort), '-device', 'virtio-net-pci,netdev=lan,romfile='],
    ...(capture ? ['-object', `filter-dump,id=dump,netdev=lan,file=${capture}`] : []),
    ...['-serial', 'stdio'],
  ],
  raspi3b: ({ disk, kernel, initrd, dtb, capture }) => [
    ...['-M', 'raspi3b', '-dtb', dtb, '-kernel', kernel, '-initrd', initrd],
    ...[
      '-append',
      `root=LABEL=snug-root ${KERNEL_LINE} rootwait modprobe.blacklist=bcm2835_wdt console=ttyS1,115200`,
    ],
    ...['-drive', `if=sd,format=raw,file=${disk},cache=writeback`],
    ...['-usb', '-netdev', lan(undefined), '-device', 'usb-net,netdev=lan'],
    ...(capture ? ['-object', `filter-dump,id=dump,netdev=lan,file=${capture}`] : []),
    ...['-serial', 'null', '-serial', 'stdio'],
  ],
};

/** A card in a board that was switched on. */
export class Machine extends EventEmitter {
  #child;
  #text = '';
  #began = performance.now();

  /**
   * @param {object} card what makeCard returned
   * @param {{ board?: keyof typeof BOARDS, log: string, capture?: string, proxyPort?: number,
   *   signal?: AbortSignal }} options
   *   `log` gets the serial line, `capture` every packet; `proxyPort` of startProxy
   */
  constructor(card, { board = 'virt', log, capture, proxyPort, signal }) {
    super();
    const accel = ['-accel', 'tcg,thread=multi', '-display', 'none', '-monitor', 'none'];
    const args = [...BOARDS[board]({ ...card, capture, proxyPort }), ...accel, '-no-reboot'];
    this.#child = spawn('qemu-system-aarch64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const file = createWriteStream(log, { flags: 'a' });
    const take = (chunk) => {
      file.write(chunk);
      this.#text += chunk.toString('latin1');
      this.emit('text');
    };
    this.#child.stdout.on('data', take);
    this.#child.stderr.on('data', take);
    this.#child.once('close', () => this.emit('text'));
    process.once('exit', () => this.#child.kill('SIGKILL'));
    signal?.addEventListener('abort', () => this.#child.kill('SIGKILL'), { once: true });
  }

  /** Seconds since it was switched on. */
  get seconds() {
    return Math.round((performance.now() - this.#began) / 1000);
  }

  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it has said on the serial line. */
  get text() {
    return this.#text;
  }

  /**
   * @param {RegExp} form to be found in what the serial line says from `from` on
   * @param {number} seconds deadline
   * @returns {Promise<RegExpExecArray>}
   * @throws Error with the last lines when it does not come in time, or the machine ends
   */
  async waitFor(form, seconds, from = 0) {
    const late = AbortSignal.timeout(seconds * 1000);
    for (;;) {
      const found = form.exec(this.#text.slice(from));
      if (found !== null) return found;
      const last = () => this.#text.slice(-3000);
      if (!this.running) throw new Error(`the machine ended before ${form}:\n${last()}`);
      try {
        await once(this, 'text', { signal: late });
      } catch {
        throw new Error(`no ${form} within ${seconds} s:\n${last()}`);
      }
    }
  }

  /** @throws Error when it does not end by itself in so many seconds */
  async ended(seconds) {
    if (!this.running) return;
    await once(this.#child, 'close', { signal: AbortSignal.timeout(seconds * 1000) });
  }

  /** A power cut. */
  async cut() {
    if (!this.running) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
