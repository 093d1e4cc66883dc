import { now } from './clock.js';

/** One thing to time. */
export interface Contender {
  readonly name: string;
  /** Milliseconds of one run. */
  run(): number | Promise<number>;
}

/** Times of every contender, round by round. */
export type Rounds = Map<string, number[]>;

/**
 * Times all contenders in turn, `rounds` times over, after one round of warming up. On a machine shared with others only
 * times taken side by side compare, so what is reported are ratios within a round.
 */
export async function interleave(contenders: readonly Contender[], rounds: number): Promise<Rounds> {
  const times: Rounds = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    // Every other round backwards, so that none always follows the same neighbour.
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const { name, run } of order) {
      const elapsed = await run();
      if (round >= 0) times.get(name)?.push(elapsed);
    }
  }
  return times;
}

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) => {
    const place = q * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN];
    return below + (above - below) * (place - Math.floor(place));
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** Spread of numerator ÷ denominator, each pair from one round; null where one was not timed. */
export function ratio(times: Rounds, numerator: string, denominator: string): Spread | null {
  const [above, below] = [times.get(numerator), times.get(denominator)];
  if (above === undefined || below === undefined) return null;
  return spread(above.map((value, i) => value / (below[i] ?? NaN)));
}

/** Fastest numerator ÷ fastest denominator: the rounds that were disturbed least; null where one was not timed. */
export function fastestRatio(times: Rounds, numerator: string, denominator: string): number | null {
  const [above, below] = [times.get(numerator), times.get(denominator)];
  if (above === undefined || below === undefined) return null;
  return Math.min(...above) / Math.min(...below);
}

/** Median of several runs of something short: one reading of the clock would be noise. */
export function repeated(times: number, run: () => void): () => number {
  return () => {
    const readings: number[] = [];
    for (let i = 0; i < times; i++) {
      const start = now();
      run();
      readings.push(now() - start);
    }
    return spread(readings).median;
  };
}
