import { requireArgument } from '../errors.js';

/**
 * When something is done during training: at the end of every epoch; every n steps, from step 0; at logarithmic
 * steps, 0, 1, 2, 4, 8, …, which show the first steps of training as closely as the last; or where a function of
 * the number of steps taken says so.
 */
export type MeasurementSchedule = 'epoch' | 'log' | number | ((step: number) => boolean);

/** Throws a CurvatureArgumentError that names `where` unless `every` is a schedule. */
export function requireSchedule(every: unknown, where: string): asserts every is MeasurementSchedule {
  requireArgument(
    every === 'epoch' ||
      every === 'log' ||
      typeof every === 'function' ||
      (typeof every === 'number' && Number.isSafeInteger(every) && every > 0),
    where,
    "every: 'epoch', 'log', a number of steps ≥ 1 or a function of the step",
    every,
  );
}

/**
 * Whether a schedule asks for something after `step` steps.
 *
 * @returns false for `'epoch'`, which does not go by steps
 */
export function isDueAtStep(every: MeasurementSchedule, step: number): boolean {
  if (every === 'epoch') return false;
  if (every === 'log') return step === 0 || Number.isInteger(Math.log2(step));
  return typeof every === 'number' ? step % every === 0 : every(step);
}
