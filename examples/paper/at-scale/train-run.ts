import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { distanceTravelled } from '../../../src/analysis/distance-travelled.js';
import { ShuffledPasses } from '../../../src/analysis/shuffled-passes.js';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { SeededRandom } from '../../../src/random.js';
import type { Sample } from '../measure.js';
import { accuracyOnFirst, eigenpairsFrom, eigenpairsOn, lossOnFirst } from '../measure.js';
import { packTensor, unpackTensor } from '../packed-tensor.js';
import type { PreparedData } from '../prepared-data.js';
import { randomOrthonormal } from '../random-orthonormal.js';
import type { Checkpoint } from './checkpoint.js';
import { packTraining, unpackTraining } from './checkpoint.js';
import { createTrained } from './create-trained.js';
import { Stopwatch } from './stopwatch.js';
import { takeStep } from './take-step.js';
import type { TrainingPoint } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { stepsPerEpoch } from './training-run.js';

/** Relative residual of eigenpairs that are recorded: the eigenvalues are right to about its square. */
const tolerance = 0.03;

/** Relative residual of directions: a step needs no more, as the optimizer's own default says. */
const directionTolerance = 0.05;

/** What a training works with, and tells. */
export interface TrainingSite {
  readonly plan: ScalePlan;
  readonly data: PreparedData;
  /** Called each half epoch with all there is to go on from. */
  onCheckpoint(state: Checkpoint): void;
  /** Called after every step, with the number of steps taken. */
  onStep?(step: number): void;
}

/**
 * Goes on with a training from a checkpoint, or begins it, up to a number of epochs. What comes of it does not depend
 * on where it was interrupted, bit for bit, but for the seconds.
 *
 * @param from the last checkpoint; null to begin
 * @param until epochs that the run then has behind it; it ends before where it is accurate enough
 */
export async function trainRun(
  site: TrainingSite,
  run: TrainingRun,
  from: Checkpoint | null,
  until: number,
): Promise<void> {
  const training = new Training(site, run);
  try {
    if (from != null) await training.resume(from);
    else await training.begin();
    await training.goOn(until);
  } finally {
    training.dispose();
  }
}

/** Whether a run is over: at its length, or accurate enough. */
export function isOver({ epochs, untilAccuracy }: TrainingRun, points: readonly TrainingPoint[]): boolean {
  const { epoch = 0, trainAccuracy = null } = points.at(-1) ?? {};
  return epoch >= epochs || (untilAccuracy < 1 && (trainAccuracy ?? 0) >= untilAccuracy);
}

class Training {
  readonly model: LayersModel;
  readonly optimizer: NSGD;
  private readonly passes: ShuffledPasses;
  private readonly travelled: ReturnType<typeof distanceTravelled>;
  private readonly perEpoch: number;
  private points: readonly TrainingPoint[] = [];
  private step = 0;
  /** Of the last measurement. */
  private eigenvectors: Tensor2D | null = null;
  private readonly training = new Stopwatch();
  private readonly all = new Stopwatch();

  constructor(
    private readonly site: TrainingSite,
    readonly run: TrainingRun,
  ) {
    const { plan, data } = site;
    const { seed, learningRate, gamma, batchSize, directions } = run;
    this.model = createTrained(run, plan, data);
    const own = directions === 'optimizer' ? {} : { refreshEvery: 0 };
    this.optimizer = new NSGD({ learningRate, gamma, k: plan.k, ...own });
    this.model.compile({ optimizer: this.optimizer, loss: 'categoricalCrossentropy' });
    this.travelled = distanceTravelled(this.model);
    this.passes = new ShuffledPasses(plan.train, batchSize, new SeededRandom(seed), 'trainRun');
    this.perEpoch = stepsPerEpoch(plan, run);
  }

  async begin(): Promise<void> {
    this.all.start();
    await this.reach();
  }

  async resume(from: Checkpoint): Promise<void> {
    const last = from.points.at(-1)!;
    await unpackTraining(this.model, this.optimizer, from);
    this.eigenvectors = unpackTensor(from.eigenvectors) as Tensor2D;
    this.points = from.points;
    this.step = last.step;
    for (let i = 0; i < last.step; i++) this.passes.draw();
    this.training.start(last.trainingSeconds);
    this.training.stop();
    this.all.start(last.seconds);
  }

  async goOn(until: number): Promise<void> {
    const end = Math.min(until, this.run.epochs) * this.perEpoch;
    while (this.step < end && !isOver(this.run, this.points)) {
      this.training.start();
      await takeStep(this, this.site.data.train, this.passes.draw());
      this.training.stop();
      this.step++;
      this.site.onStep?.(this.step);
      if (this.isPoint()) await this.reach();
    }
  }

  /** Whether there is a point after the present step. */
  private isPoint(): boolean {
    const { measureEvery } = this.run;
    if (measureEvery != null) return this.step % (measureEvery * this.perEpoch) === 0;
    const within = this.step % this.perEpoch;
    return within === 0 || within === this.perEpoch >> 1;
  }

  dispose(): void {
    this.travelled.dispose();
    this.model.dispose();
    this.optimizer.dispose();
    this.eigenvectors?.dispose();
  }

  /** A point of the record is reached: measures, finds directions for the next one, and tells. */
  private async reach(): Promise<void> {
    const isEpoch = this.step % this.perEpoch === 0;
    const point = await this.measure(isEpoch);
    if (isEpoch && !isOver(this.run, [point])) {
      this.training.start();
      await this.findDirections();
      this.training.stop();
    }
    const { trainingSeconds, seconds } = this.elapsed();
    this.points = [...this.points, { ...point, trainingSeconds, seconds }];
    this.site.onCheckpoint({
      points: this.points,
      ...(await packTraining(this.model, this.optimizer)),
      eigenvectors: await packTensor(this.eigenvectors!),
    });
  }

  private async measure(isEpoch: boolean): Promise<TrainingPoint> {
    const { model, site, run, step } = this;
    const { train, validation, test } = site.data;
    const { lossExamples, hessianExamples, checkExamples } = site.plan;
    const epoch = Math.floor(step / this.perEpoch) + (isEpoch ? 0 : 0.5);
    const accuracy = async (examples: typeof train, count: number): Promise<number | null> =>
      isEpoch ? accuracyOnFirst(count, examples, model) : null;
    const eigenvalues = await this.measureEigenvalues(hessianExamples);
    const checked = [0, Math.ceil(run.epochs / 2), run.epochs].includes(epoch);
    return {
      epoch,
      step,
      loss: await lossOnFirst(lossExamples, train, model),
      trainAccuracy: await accuracy(train, lossExamples),
      validationAccuracy: await accuracy(validation, site.plan.validation),
      testAccuracy: await accuracy(test, site.plan.test),
      distance: (await this.travelled.measure(step)).distance,
      eigenvalues,
      checkSharpness: checked ? await this.checkSharpness(checkExamples) : null,
      ...this.elapsed(),
    };
  }

  private async measureEigenvalues(examples: number): Promise<number[]> {
    const start = this.eigenvectors == null ? {} : { startVectors: this.eigenvectors };
    const k = this.run.eigenvalues;
    const pairs = await eigenpairsOn(this.sample(examples), this.model, {
      k,
      tol: tolerance,
      ...start,
    });
    this.eigenvectors?.dispose();
    this.eigenvectors = pairs.eigenvectors.clone();
    pairs.dispose();
    return Array.from(pairs.eigenvalues);
  }

  private async checkSharpness(examples: number): Promise<number> {
    const pairs = await eigenpairsOn(this.sample(examples), this.model, {
      tol: tolerance,
      startVectors: this.eigenvectors!,
    });
    pairs.dispose();
    return pairs.eigenvalues[0]!;
  }

  private async findDirections(): Promise<void> {
    const { run, optimizer, model } = this;
    const { directionExamples, k } = this.site.plan;
    if (run.directions === 'random') {
      const random = new SeededRandom(1000 * (run.seed + 1) + this.step);
      const rows = randomOrthonormal(k, model.countParams(), random);
      optimizer.setDirections(rows);
      rows.dispose();
    }
    if (run.directions === 'sample') {
      // Those of the epoch before are near.
      const { directions: known } = optimizer;
      const pairs = await eigenpairsFrom(known, this.sample(directionExamples), model, {
        k,
        tol: directionTolerance,
      });
      optimizer.setDirections(pairs.eigenvectors, { eigenvalues: pairs.eigenvalues });
      pairs.dispose();
    }
  }

  /**
   * The first training examples, of SimpleCNN with all tapes: 2 560 of CIFAR-10 take 2.7 GB, and a third less time. Those
   * of larger nets may not fit.
   */
  private sample(count: number): Sample {
    const sample = { count, examples: this.site.data.train };
    return this.run.model === 'simple-cnn' ? { ...sample, retain: true } : sample;
  }

  private elapsed(): Pick<TrainingPoint, 'trainingSeconds' | 'seconds'> {
    return { trainingSeconds: this.training.seconds, seconds: this.all.seconds };
  }
}
