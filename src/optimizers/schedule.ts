import { requireArgument } from '../errors.js';

/**
 * A setting of the optimizer that may change while it trains: a number, or a function of the step, counted from
 * 0 over all steps the optimizer has taken.
 */
export type Schedule = number | ((step: number) => number);

/**
 * The value of a schedule at a step.
 *
 * @param where the public name of the setting, for errors
 * @throws CurvatureArgumentError unless the value is a finite number that is not negative
 */
export function valueAt(schedule: Schedule, step: number, where: string): number {
  if (typeof schedule !== 'function') {
    requireNonNegative(schedule, where);
    return schedule;
  }
  const value = schedule(step);
  requireNonNegative(value, `${where} at step ${step}`);
  return value;
}

/** Throws a CurvatureArgumentError that names `where` unless `value` is a finite number ≥ 0. */
export function requireNonNegative(value: unknown, where: string): asserts value is number {
  requireArgument(
    typeof value === 'number' && Number.isFinite(value) && value >= 0,
    where,
    'a finite number ≥ 0',
    value,
  );
}

/** Throws a CurvatureArgumentError that names `where` unless `value` is an integer ≥ `least`. */
export function requireInteger(value: unknown, least: number, where: string): asserts value is number {
  requireArgument(
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least,
    where,
    `an integer ≥ ${least}`,
    value,
  );
}
