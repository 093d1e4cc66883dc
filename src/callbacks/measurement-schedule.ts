import type { Check } from '../options.js';
import { callable, either, integer, oneOf } from '../options.js';

/**
 * When something is done during training: at the end of every epoch; every n steps, from step 0; at logarithmic
 * steps, 0, 1, 2, 4, 8, …, which show the first steps of training as closely as the last; or where a function of
 * the number of steps taken says so.
 */
export type MeasurementSchedule = 'epoch' | 'log' | number | ((step: number) => boolean);

export const schedule: Check<MeasurementSchedule> = either(
  either(oneOf('epoch', 'log'), integer(1)),
  callable<(step: number) => boolean>(),
);

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
