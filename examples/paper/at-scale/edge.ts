import { learningCurvesChart, sharpnessChart } from '../../../src/plot/index.js';
import { markdownTable, withSpread } from '../table.js';
import type { Block } from './block.js';
import { begun } from './block.js';
import type { RecordedRun } from './record-file.js';
import { peakIndex } from './path-points.js';
import type { TrainingPoint } from './training-point.js';
import { choiceOf } from './training-run.js';

const subtitle = 'SimpleCNN with 361 898 parameters, 2 000 images of CIFAR-10, full batch';

/** Gradient descent at the edge of stability, and what learns there: the top of the spectrum, or the rest. */
export function edgeBlock(all: readonly RecordedRun[]): Block {
  const runs = begun(all.filter(({ run }) => run.finding === 'edge'));
  if (runs.length === 0) return { text: '', pictures: [] };
  const whole = runs.filter(({ run }) => run.directions === 'none');
  const learningRate = runs.find(({ run }) => run.directions !== 'none')?.run.learningRate;
  const alike = runs.filter(({ run }) => run.learningRate === learningRate);
  return {
    text: table(runs),
    pictures: [
      ...(whole.length === 0
        ? []
        : [
            {
              name: 'scale-edge',
              caption: 'Sharpness along gradient descent, with 2/η',
              spec: sharpnessChart(whole.map(curveOf), { subtitle }),
            },
          ]),
      ...(alike.length === 0
        ? []
        : [
            {
              name: 'scale-subspaces',
              caption: 'Gradient descent, the same without the sharpest directions, and along them alone',
              spec: learningCurvesChart(alike.map(curveOf), { subtitle }),
            },
          ]),
    ],
  };
}

/** λ₁ in units of 2/η, median over the second half of the points: 1 at the edge of stability. */
export function edgeRatio({ run, points }: RecordedRun): number {
  return (median(points.slice(points.length >> 1)) * run.learningRate) / 2;
}

function median(points: readonly TrainingPoint[]): number {
  const ascending = points.map(({ eigenvalues }) => eigenvalues[0]!).sort((a, b) => a - b);
  return ascending[ascending.length >> 1]!;
}

function table(runs: readonly RecordedRun[]): string {
  return markdownTable(
    [
      'run',
      'steps',
      'highest λ₁',
      'at step',
      'λ₁ over 2/η, second half',
      'training loss',
      'training accuracy',
      'test accuracy',
      'distance',
    ],
    runs.map((recorded) => {
      const { run, points } = recorded;
      const highest = points[peakIndex(points)]!;
      const last = points.at(-1)!;
      return [
        choiceOf(run),
        String(last.step),
        withSpread([highest.eigenvalues[0]!]),
        String(highest.step),
        withSpread([edgeRatio(recorded)]),
        withSpread([last.loss]),
        withSpread([last.trainAccuracy!]),
        withSpread([last.testAccuracy!]),
        withSpread([last.distance]),
      ];
    }),
  );
}

function curveOf({ run, points }: RecordedRun) {
  return {
    name: choiceOf(run),
    learningRate: run.learningRate,
    records: points.map(({ step, loss, eigenvalues, testAccuracy }) => ({
      step,
      loss,
      sharpness: eigenvalues[0]!,
      accuracy: testAccuracy,
    })),
  };
}
