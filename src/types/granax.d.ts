/** granax 3.2.0, lib/controller.js and index.js: only what src/tor/control.ts uses. */
declare module 'granax' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  type Done = (error: Error | null) => void;

  class TorController extends EventEmitter {
    constructor(socket: Duplex, options: { authOnConnect: boolean });
    getAuthChallenge(nonce: string, done: Done): void;
    authenticate(token: string, done: Done): void;
    takeOwnership(done: Done): void;
    addEventListeners(names: readonly string[], done: Done): void;
    getInfo(keyword: string, done: Done): void;
    setConfig(keyword: string, value: string, done: Done): void;
    signal(name: string, done: Done): void;
    /** Spelled so in granax. */
    closeCicuit(id: string, done: Done): void;
  }

  const granax: { readonly TorController: typeof TorController };

  export { type TorController };
  export default granax;
}
