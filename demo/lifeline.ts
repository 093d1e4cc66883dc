/*
 * A worker that is killed tells nobody: no event, and calls to it stay open. But whatever it has locked is free again,
 * and whoever waits for that is told by the browser.
 */

/** In the worker: takes a lock for as long as it lives. Resolves when it has it. */
export function holdLifeline(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const forLife = (): Promise<never> => {
      resolve();
      return new Promise(() => {});
    };
    navigator.locks.request(name, forLife).catch(reject);
  });
}

/** In the page: resolves when the worker that holds the lock has come to its end. */
export async function lifelineEnd(name: string): Promise<void> {
  await navigator.locks.request(name, () => {});
}

/** Whether there are locks: browsers keep them from pages that came over plain HTTP from another machine. */
export function hasLifelines(): boolean {
  return 'locks' in navigator;
}
