/** How often a condition without an event is looked at. */
const LOOK_EVERY_MS = 50;

/**
 * Waits for something that tells nobody when it happens.
 *
 * @param what for the error's message
 * @param check the value once it is there, undefined before
 * @returns the value
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  deadlineMs = 120_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`${what} did not happen in ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
