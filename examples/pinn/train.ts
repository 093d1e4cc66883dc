import type { Optimizer, Scalar } from '@tensorflow/tfjs-core';
import type { PoissonProblem } from './poisson.js';

/** The loss before some of the steps of a training, and after the last. */
export interface LossCurve {
  readonly steps: number[];
  readonly losses: number[];
}

/** Takes `steps` steps on the whole loss. */
export async function train(
  problem: PoissonProblem,
  optimizer: Optimizer,
  steps: number,
  readEvery: number,
): Promise<LossCurve> {
  const curve: LossCurve = { steps: [], losses: [] };
  const record = async (step: number, loss: Scalar): Promise<void> => {
    curve.steps.push(step);
    curve.losses.push((await loss.data())[0]!);
    loss.dispose();
  };
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(problem.loss, true, problem.variables)!;
    if (step % readEvery === 0) await record(step, loss);
    else loss.dispose();
  }
  await record(steps, problem.loss());
  return curve;
}
