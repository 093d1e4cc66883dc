/**
 * What a run costs: `wall` time, or `cpu` time of this process, which other processes on the machine hardly change.
 * Everything compared here runs on one thread, so that on an idle machine the two agree.
 */
export type Clock = 'wall' | 'cpu';

let clock: Clock = 'wall';

export function setClock(choice: Clock): void {
  clock = choice;
}

/** Milliseconds on the chosen clock. */
export function now(): number {
  if (clock === 'wall') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
