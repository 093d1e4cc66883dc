import type { TrainingPoint } from './training-point.js';

/** A point of a path where it is looked at closer. */
export interface PathPoint {
  readonly name: 'beginning' | 'peak' | 'after the peak' | 'end';
  readonly epoch: number;
}

/**
 * Where a path is looked at closer: at its beginning, at the peak of λ₁, half way from there to the end, and at the end, as
 * far as it has come. A point that is two of them has the first name.
 *
 * @param points of its record; at least one
 */
export function pathPoints(points: readonly TrainingPoint[]): readonly PathPoint[] {
  const peak = peakIndex(points);
  const last = points.length - 1;
  const all: readonly (readonly [PathPoint['name'], number])[] = [
    ['beginning', 0],
    ['peak', peak],
    ['after the peak', (peak + last) >> 1],
    ['end', last],
  ];
  return all
    .filter(([, index], i) => all.findIndex(([, other]) => other === index) === i)
    .map(([name, index]) => ({ name, epoch: points[index]!.epoch }));
}

/** Which of the points has the highest λ₁. */
export function peakIndex(points: readonly TrainingPoint[]): number {
  return points.reduce(
    (best, { eigenvalues }, i) => (eigenvalues[0]! > points[best]!.eigenvalues[0]! ? i : best),
    0,
  );
}
