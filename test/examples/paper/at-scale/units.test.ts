import { describe, expect, it } from 'vitest';
import { allRuns, runsOf } from '../../../../examples/paper/at-scale/rows.js';
import type { TrainingPoint } from '../../../../examples/paper/at-scale/training-point.js';
import type { TrainingRun } from '../../../../examples/paper/at-scale/training-run.js';
import { paperPlan, scalePlanOf } from '../../../../examples/paper/at-scale/scale-plans.js';
import type { RunState } from '../../../../examples/paper/at-scale/units.js';
import { expectedSeconds, nextUnit, secondsLeft } from '../../../../examples/paper/at-scale/units.js';

/** A run that has so many epochs behind it, of 100 seconds each after 20 before the first. */
function at(run: TrainingRun, epoch: number, changes: Partial<RunState> = {}): RunState {
  const point: TrainingPoint = {
    epoch,
    step: 351 * epoch,
    loss: 1,
    trainAccuracy: 0.5,
    validationAccuracy: 0.5,
    testAccuracy: 0.5,
    distance: 1,
    eigenvalues: [1],
    checkSharpness: null,
    trainingSeconds: 50 * epoch,
    seconds: 20 + 100 * epoch,
  };
  const start = { ...point, epoch: 0, step: 0, trainingSeconds: 0, seconds: 20 };
  return {
    run,
    plan: scalePlanOf(run),
    recorded: epoch > 0 ? [start, point] : [],
    resumable: epoch,
    ...changes,
  };
}

const [sgd, nudged, tracked] = allRuns as [TrainingRun, TrainingRun, TrainingRun];

describe('nextUnit', () => {
  it('takes turns between the runs of a group, then goes to the next group', () => {
    const next = (...epochs: number[]) =>
      nextUnit([sgd, nudged, tracked].map((run, i) => at(run, epochs[i]!)));
    expect(sgd.group).toBe(nudged.group);
    expect(tracked.group).not.toBe(sgd.group);
    expect(next(0, 0, 0)).toEqual({ run: sgd, until: 3 });
    expect(next(3, 0, 0)).toEqual({ run: nudged, until: 3 });
    expect(next(3, 3, 0)).toEqual({ run: sgd, until: 6 });
    expect(next(15, 12, 0)).toEqual({ run: nudged, until: 15 });
    expect(next(15, 15, 0)).toEqual({ run: tracked, until: 3 });
    expect(next(15, 15, 15)).toBeNull();
  });

  it('goes on from the middle of an epoch, and from the beginning where a checkpoint is lost', () => {
    expect(nextUnit([at(sgd, 1.5)])).toEqual({ run: sgd, until: 4 });
    expect(nextUnit([at(sgd, 6, { resumable: 0 })])).toEqual({ run: sgd, until: 3 });
  });

  it('has done with a run that is accurate enough', () => {
    const path = { ...sgd, untilAccuracy: 0.5 };
    expect(nextUnit([at(path, 2)])).toBeNull();
    expect(secondsLeft(at(path, 2))).toBe(0);
  });
});

describe('the time that is left', () => {
  it('is that of the epochs a run has had, and what is expected where it has had none', () => {
    expect(secondsLeft(at(sgd, 5))).toBe(1000);
    expect(secondsLeft(at(sgd, 5, { resumable: 0 }))).toBe(1500);
    expect(secondsLeft(at(sgd, 0))).toBe(15 * expectedSeconds(paperPlan, sgd));
    expect(secondsLeft(at(sgd, 15))).toBe(0);
  });

  it('of a unit is at most an hour of a core', () => {
    for (const run of allRuns) {
      const { until } = nextUnit([at(run, 0)])!;
      expect(until * expectedSeconds(scalePlanOf(run), run)).toBeLessThanOrEqual(3600);
    }
  });
});

it('each finding has its own runs, and no two runs share a group that differ in what is compared', () => {
  for (const name of ['nsgd', 'sharpness', 'edge'] as const) {
    expect(runsOf(name).every((run) => run.finding === name)).toBe(true);
  }
  for (const run of allRuns) {
    const peers = allRuns.filter(({ finding, group }) => finding === run.finding && group === run.group);
    expect(new Set(peers.map(({ learningRate, batchSize }) => `${learningRate} ${batchSize}`)).size).toBe(1);
  }
});
