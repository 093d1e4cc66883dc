import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { argMax, cast, equal, mean, slice, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { lossOf } from '../../src/analysis/loss-and-gradient.js';
import { modelObjective } from '../../src/objectives/model-objective.js';
import { HessianOperator } from '../../src/operators/hessian.js';
import type { LanczosOptions } from '../../src/solvers/lanczos-options.js';
import { lanczos } from '../../src/solvers/lanczos.js';
import { repeatedSearch } from '../../src/solvers/repeated-search.js';
import type { EigenResult } from '../../src/solvers/result.js';
import { driveAsync } from '../../src/tfjs/drive.js';
import type { Bench } from './bench.js';
import type { Examples } from './prepared-data.js';

/** Relative residual of eigenpairs; eigenvalues are better by the square. */
const tolerance = 1e-2;

/** The first examples; the training examples lie in random order. The caller disposes them. */
function firstOf({ xs, ys }: Examples, count: number): Examples {
  const size = Math.min(count, xs.shape[0]!);
  return { xs: slice(xs, 0, size), ys: slice(ys, 0, size) };
}

function dispose(...tensors: Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}

/** What a Hessian is taken on: the first `count` examples. */
export interface Sample {
  readonly count: number;
  readonly examples: Examples;
  /** Whether the tapes of all of them are kept, as `HessianOptions` says. Default 'auto'. */
  readonly retain?: boolean;
}

/** The largest eigenpairs of the Hessian on a sample; the caller disposes them. */
export async function eigenpairsOn(
  sample: Sample,
  model: LayersModel,
  options: LanczosOptions,
): Promise<EigenResult> {
  return withHessian(sample, model, (hessian) => lanczos(hessian, options));
}

/**
 * The same by a search as the library's own that follow each other along a training.
 *
 * @param before rows of the search before; null for a random start
 */
export async function eigenpairsFrom(
  before: Tensor2D | null,
  sample: Sample,
  model: LayersModel,
  options: LanczosOptions & { readonly k: number },
): Promise<EigenResult> {
  const where = 'eigenpairsFrom';
  return withHessian(sample, model, (hessian) =>
    driveAsync(repeatedSearch(hessian, before, options, where), {}, where),
  );
}

async function withHessian(
  { count, examples, retain }: Sample,
  model: LayersModel,
  search: (hessian: HessianOperator) => Promise<EigenResult>,
): Promise<EigenResult> {
  const { xs, ys } = firstOf(examples, count);
  const hessian = new HessianOperator(modelObjective(model, { xs, ys }), retain == null ? {} : { retain });
  try {
    return await search(hessian);
  } finally {
    hessian.dispose();
    dispose(xs, ys);
  }
}

/** The k largest eigenpairs of the Hessian on the first `hessianExamples` training examples; the caller disposes them. */
export async function eigenpairsOf(bench: Bench, model: LayersModel, k: number): Promise<EigenResult> {
  const sample = { count: bench.plan.hessianExamples, examples: bench.data.train };
  return eigenpairsOn(sample, model, { k, tol: tolerance });
}

/** The loss on the first `count` examples. */
export async function lossOnFirst(count: number, examples: Examples, model: LayersModel): Promise<number> {
  const { xs, ys } = firstOf(examples, count);
  const loss = lossOf(modelObjective(model, { xs, ys }));
  const value = (await loss.data())[0]!;
  dispose(xs, ys, loss);
  return value;
}

/** The training loss on the first `lossExamples` examples. */
export async function trainingLoss(bench: Bench, model: LayersModel): Promise<number> {
  return lossOnFirst(bench.plan.lossExamples, bench.data.train, model);
}

/** Share of the examples that a model classifies rightly. */
export async function accuracyOn({ xs, ys }: Examples, model: LayersModel): Promise<number> {
  const accuracy = tidy(() => {
    const outputs = model.predict(xs, { batchSize: 128 }) as Tensor;
    return mean(cast(equal(argMax(outputs, -1), argMax(ys, -1)), 'float32'));
  });
  const value = (await accuracy.data())[0]!;
  accuracy.dispose();
  return value;
}

/** Share of the first `count` examples that a model classifies rightly. */
export async function accuracyOnFirst(
  count: number,
  examples: Examples,
  model: LayersModel,
): Promise<number> {
  const { xs, ys } = firstOf(examples, count);
  const value = await accuracyOn({ xs, ys }, model);
  dispose(xs, ys);
  return value;
}
