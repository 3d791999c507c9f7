/** Something that runs: started once, stopped once. */
export interface Service {
  /** @param signal aborts a start that is no longer wanted */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves when no timer, socket or child of the service is left. Safe to call twice. */
  stop(): Promise<void>;
}
