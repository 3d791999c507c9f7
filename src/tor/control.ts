import { connect } from 'node:net';
import granax, { type TorController } from 'granax';
import { messageOf, SnugError } from '../support/errors.js';
import { ControlSocket } from './control-socket.js';
import { type ControlReply, protocolError } from './framing.js';

/** Tor's answer to a challenge; hexadecimal, 32 bytes each. */
export interface AuthChallenge {
  readonly serverHash: string;
  readonly serverNonce: string;
}

/** Options of {@link Control.connect}. */
export interface ControlOptions {
  /** Path of Tor's control socket. */
  readonly path: string;
  /** Names of the events that may reach a listener. */
  readonly events: readonly string[];
  /** Deadline of a command, in milliseconds; missing it ends the connection. */
  readonly commandMs: number;
}

type Done = (error: Error | null) => void;

/** More than this many commands at once is a flood, most likely of circuits to close. */
const MOST_WAITING = 256;

function lost(cause?: unknown): SnugError {
  if (cause instanceof SnugError) return cause;
  const why = cause === undefined ? 'closed' : `failed: ${messageOf(cause)}`;
  return new SnugError('CONTROL_LOST', `Tor's control connection ${why}.`, { cause });
}

/**
 * One control connection to Tor, and the only user of granax. Commands are sent one at a time in
 * the order of the calls. Every promise settles: by Tor's reply, or when the connection ends.
 */
export class Control {
  readonly #socket: ControlSocket;
  readonly #granax: TorController;
  readonly #commandMs: number;
  readonly #events: ReadonlySet<string>;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #ended: SnugError | undefined;
  #abandon: (error: SnugError) => void = () => {};
  /** Resolves, never rejects, with the reason when the connection has ended. */
  readonly closed: Promise<SnugError>;

  /**
   * @param options where, which events, how long
   * @returns a connection that is not authenticated yet
   * @throws SnugError CONTROL_LOST when nobody listens there
   */
  static async connect(options: ControlOptions): Promise<Control> {
    const inner = connect(options.path);
    await new Promise<void>((resolve, reject) => {
      inner.once('connect', resolve).once('error', (error) => reject(lost(error)));
    });
    inner.removeAllListeners('error');
    const events = new Set(options.events);
    return new Control(new ControlSocket(inner, events), events, options.commandMs);
  }

  private constructor(socket: ControlSocket, events: ReadonlySet<string>, commandMs: number) {
    this.#socket = socket;
    this.#commandMs = commandMs;
    this.#events = events;
    this.#granax = new granax.TorController(socket, { authOnConnect: false });
    this.closed = new Promise((resolve) => {
      const end = (cause?: unknown) => {
        this.#ended ??= lost(cause);
        this.#abandon(this.#ended);
        resolve(this.#ended);
      };
      this.#granax.on('error', end).on('close', () => end());
    });
  }

  /**
   * @param name one of the events given to {@link Control.connect}
   * @param listener gets the event's lines, the first without the name
   */
  on(name: string, listener: (lines: readonly string[]) => void): void {
    if (!this.#events.has(name)) throw new SnugError('CONTROL_BAD_COMMAND', `No event ${name}.`);
    this.#granax.on(name, listener);
  }

  /** @param nonce 32 bytes of our own, hexadecimal */
  async challenge(nonce: string): Promise<AuthChallenge> {
    const { lines } = await this.#send((done) => this.#granax.getAuthChallenge(nonce, done));
    const [, serverHash, serverNonce] = /HASH=(\w+) \w+=(\w+)$/.exec(lines[0] ?? '') ?? [];
    if (serverHash !== undefined && serverNonce !== undefined) return { serverHash, serverNonce };
    throw protocolError('a strange reply to AUTHCHALLENGE');
  }

  /** @param token hexadecimal */
  async authenticate(token: string): Promise<void> {
    await this.#send((done) => this.#granax.authenticate(token, done));
  }

  /** From now on Tor ends when this connection does. */
  async takeOwnership(): Promise<void> {
    await this.#send((done) => this.#granax.takeOwnership(done));
  }

  /** Asks for all the events given to {@link Control.connect}. */
  async subscribe(): Promise<void> {
    await this.#send((done) => this.#granax.addEventListeners([...this.#events], done));
  }

  /**
   * @param key one keyword, such as `status/bootstrap-phase`
   * @returns its whole value
   */
  async getInfo(key: string): Promise<string> {
    const { lines } = await this.#send((done) => this.#granax.getInfo(key, done));
    const line = lines[0] ?? '';
    if (line.startsWith(`${key}=`)) return line.slice(key.length + 1);
    throw protocolError('a value that nobody asked for');
  }

  /**
   * @param key an option's name
   * @param value any text of one line; quotes and backslashes are escaped here, granax does not
   */
  async setConf(key: string, value: string): Promise<void> {
    if (!/^[A-Za-z_]+$/.test(key) || /[\r\n\0]/.test(value)) {
      throw new SnugError('CONTROL_BAD_COMMAND', `Tor's option "${key}" cannot have that value.`);
    }
    const escaped = value.replace(/["\\]/g, '\\$&');
    await this.#send((done) => this.#granax.setConfig(key, escaped, done));
  }

  /** @param id of a circuit; one that is already gone is no error */
  async closeCircuit(id: number): Promise<void> {
    if (!Number.isSafeInteger(id) || id < 0) {
      throw new SnugError('CONTROL_BAD_COMMAND', `"${id}" is not the number of a circuit.`);
    }
    await this.#send((done) => this.#granax.closeCicuit(String(id), done)).catch((error) => {
      // control-spec, CLOSECIRCUIT: 552 for a circuit that Tor does not know.
      if (this.#ended !== undefined || this.#socket.reply?.code !== '552') throw error;
    });
  }

  /**
   * The only way to send a signal.
   * @param name control-spec, SIGNAL: new circuits from now on, read the torrc again, or end; the
   *   connection ends with Tor
   */
  async signal(name: 'NEWNYM' | 'RELOAD' | 'SHUTDOWN'): Promise<void> {
    await this.#send((done) => this.#granax.signal(name, done));
  }

  /**
   * Ends the connection, and with it an owned Tor.
   * @param reason what {@link Control.closed} tells, instead of that it is closed
   */
  close(reason?: SnugError): void {
    this.#socket.destroy(reason);
  }

  #send(start: (done: Done) => void): Promise<ControlReply> {
    if (this.#waiting >= MOST_WAITING) {
      const message = 'Too many commands wait for Tor already.';
      return Promise.reject(new SnugError('CONTROL_BUSY', message));
    }
    this.#waiting += 1;
    const turn = this.#queue.then(() => this.#exchange(start));
    this.#queue = turn
      .catch(() => {})
      .then(() => {
        this.#waiting -= 1;
      });
    return turn;
  }

  #exchange(start: (done: Done) => void): Promise<ControlReply> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      const deadline = setTimeout(() => this.#giveUp(), this.#commandMs);
      this.#abandon = (error) => {
        clearTimeout(deadline);
        reject(error);
      };
      start((error) => {
        clearTimeout(deadline);
        const reply = this.#socket.reply;
        if (error === null && reply !== undefined) resolve(reply);
        else reject(this.#refusal(reply, error));
      });
    });
  }

  #giveUp(): void {
    const seconds = Math.ceil(this.#commandMs / 1000);
    const message = `Tor did not answer within ${seconds} s; its control connection is closed.`;
    this.#socket.destroy(new SnugError('CONTROL_TIMEOUT', message));
  }

  #refusal(reply: ControlReply | undefined, cause: Error | null): SnugError {
    const text = `${reply?.code} ${reply?.lines.join('; ')}`;
    return new SnugError('CONTROL_REFUSED', `Tor refused a command: ${text}.`, { cause });
  }
}
