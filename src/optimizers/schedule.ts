import type { Check } from '../options.js';
import { check, either, number, requireIs } from '../options.js';

/**
 * A setting of the optimizer that may change while it trains: a number, or a function of the step, counted from
 * 0 over all steps the optimizer has taken.
 */
export type Schedule = number | ((step: number) => number);

const rate = number({ from: 0 });

const ofStep = check<(step: number) => number>(
  'a function of the step as {name}',
  (value) => typeof value === 'function',
);

/** A schedule is a function or, as a number, a value that it may take. */
export const schedule: Check<Schedule> = either(rate, ofStep);

/**
 * The value of a schedule of NSGD at a step.
 *
 * @param name the setting, for errors
 * @throws CurvatureArgumentError unless the value is a finite number that is not negative
 */
export function valueAt(schedule: Schedule, step: number, name: string): number {
  if (typeof schedule !== 'function') return schedule;
  const value = schedule(step);
  requireIs(value, rate, `${name} at step ${step}`, 'NSGD');
  return value;
}
