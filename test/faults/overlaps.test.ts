import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as curvature from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';
import type { Case, Fixture } from './cases.js';
import { cases, fixture } from './cases.js';
import { surroundings } from './fault-injection.js';
import { runCase, setWeights, weightsOf } from './run-case.js';

/** A use of the Hessian of the model, which is the same parameters for all. */
const ofModel =
  (use: (hessian: curvature.HessianOperator, ...rest: Parameters<Case>) => Promise<unknown>): Case =>
  (f, own, hooks) =>
    use(own(new curvature.HessianOperator(f.objective)), f, own, hooks);

const right = (own: Parameters<Case>[1], { size }: curvature.LinearOperator): tf.Tensor1D =>
  own(tf.ones<tf.Rank.R1>([size]));

/** What only looks at the parameters. */
const looking: Record<string, Case> = {
  lanczos: ofModel(async (h, _, own) => own(await curvature.lanczos(h, { k: 2 }))),
  'lanczos of a sum': ofModel(async (h, _, own) =>
    own(await curvature.lanczos(own(curvature.shifted(own(curvature.sum(h, h)), 1)))),
  ),
  'lanczos of a block': ofModel(async (h, _, own) =>
    own(await curvature.lanczos(own(curvature.subset(h, h.parameters.variables.slice(0, 1))))),
  ),
  'lanczos of Gauss-Newton': async (f, own) =>
    own(await curvature.lanczos(own(new curvature.GaussNewtonOperator(f.objective)))),
  lobpcg: ofModel(async (h, _, own) => own(await curvature.lobpcg(h, { k: 2, maxIterations: 5 }))),
  svd: async (f, own) =>
    own(await curvature.svd(own(new curvature.JacobianOperator(f.model, f.xs)), { k: 2 })),
  interiorEigenpairs: ofModel(async (h, _, own) =>
    own(await curvature.interiorEigenpairs(h, { near: 0.1, maxIterations: 2 })),
  ),
  lsmr: async (f, own) => {
    const jacobian = own(new curvature.JacobianOperator(f.model, f.xs));
    const b = own(tf.ones<tf.Rank.R1>([jacobian.shape[0]]));
    return own(await curvature.lsmr(jacobian, b, { damping: 1 }));
  },
  powerIteration: ofModel(async (h, _, own) =>
    own(await curvature.powerIteration(h, { k: 2, maxIterations: 10 })),
  ),
  solve: ofModel(async (h, _, own) => own(await curvature.solve(h, right(own, h), { damping: 1 }))),
  minres: ofModel(async (h, _, own) => own(await curvature.minres(h, right(own, h), { damping: 1 }))),
  functionTimesVector: ofModel(async (h, _, own) =>
    own(await curvature.functionTimesVector(h, 'exp', right(own, h))),
  ),
  traceOfFunction: ofModel((h) => curvature.traceOfFunction(h, 'exp', { maxMatvecs: 12 })),
  trace: ofModel((h) => curvature.trace(h, { maxMatvecs: 12 })),
  diagonal: ofModel(async (h, _, own) => own(await curvature.diagonal(h, { maxMatvecs: 10 }))),
  spectralDensity: ofModel((h) => curvature.spectralDensity(h, { numProbes: 2, gridSize: 16 })),
  frobeniusNorm: ofModel((h) => curvature.frobeniusNorm(h, { maxMatvecs: 10 })),
  spectralNorm: ofModel((h) => curvature.spectralNorm(h)),
  conditionNumber: ofModel((h) => curvature.conditionNumber(h)),
  checkOperator: ofModel((h) => curvature.checkOperator(h)),
  materialize: ofModel(async (h) => curvature.materialize(h)),
  curvatureMonitor: cases.curvatureMonitor!,
  refreshDirections: cases.refreshDirections!,
  gradientAlignment: cases.gradientAlignment!,
  layerReport: cases.layerReport!,
  influence: cases.influence!,
  laplace: cases.laplace!,
  classStructure: cases.classStructure!,
};

/** What moves them for a moment. */
const moving: Record<string, Case> = {
  stepDecomposition: cases.stepDecomposition!,
  lossCrossSection: cases.lossCrossSection!,
  lossSurface: cases.lossSurface!,
  escapeAblation: cases.escapeAblation!,
  noiseGrid: cases.noiseGrid!,
};

/** What trains. */
const training: Record<string, Case> = {
  'model.fit': async (f) => {
    const settings = { epochs: 3, batchSize: 3, shuffle: false, verbose: 0 } as const;
    const { history } = await f.model.fit(f.xs, f.ys, settings);
    return history;
  },
  'model.trainOnBatch': async (f) => {
    const losses: unknown[] = [];
    for (let i = 0; i < 4; i++) losses.push(await f.model.trainOnBatch(f.xs, f.ys));
    return losses;
  },
  'NSGD.minimize': async (f, own) => {
    const optimizer = own(new curvature.NSGD({ learningRate: 0.1, k: 1, refreshEvery: 2, momentum: 0.5 }));
    const losses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const term = f.objective.terms[0]!;
      const loss = optimizer.minimize(() => term.loss() as tf.Scalar, true, [
        ...f.objective.parameters.variables,
      ])!;
      losses.push(...(await loss.data()));
      loss.dispose();
    }
    return losses;
  },
};

/** All pairs; or those with one that changes parameters, fewer of them on wasm, and a few of the others. */
function isTried(first: string, second: string, backend: 'cpu' | 'wasm'): boolean {
  if (process.env.FAULTS === 'all') return true;
  const names = Object.keys(looking);
  const places = [names.indexOf(first), names.indexOf(second)].filter((place) => place >= 0);
  const sum = places.reduce((total, place) => total + place, 0);
  if (places.length === 2) return sum % (backend === 'cpu' ? 12 : 48) === 0;
  return backend === 'cpu' || places.length === 0 || sum % 6 === 0;
}

const all = { ...looking, ...moving, ...training };

describe.each(['cpu', 'wasm'] as const)('each beside each on %s', (backend) => {
  let f: Fixture;
  let start: tf.Tensor[];
  let unmoved: number[][];
  /** What each comes to alone, and the weights that it leaves. */
  const alone = new Map<string, { outcome: unknown; weights: number[][] }>();

  beforeAll(async () => {
    await useBackend(backend);
    f = await fixture();
    start = [...f.model.getWeights(), f.variable].map((weight) => weight.clone());
    unmoved = weightsOf(f);
    for (const [name, use] of Object.entries(all)) {
      const { outcome } = await runCase(use, f);
      if ('error' in outcome) throw outcome.error;
      alone.set(name, { outcome, weights: weightsOf(f) });
      setWeights(f, start);
    }
  });

  afterAll(() => {
    tf.dispose(start);
    tf.disposeVariables();
  });

  it.each(Object.keys(all))('%s', async (first) => {
    const names = Object.keys(all);
    const wrong: string[] = [];
    for (const second of names.slice(names.indexOf(first))) {
      if (first in training && second in training) continue;
      if (!isTried(first, second, backend)) continue;
      const before = surroundings();
      const pair = [runCase(all[first]!, f), Promise.resolve().then(() => runCase(all[second]!, f))];
      const outcomes = await Promise.all(pair);
      [first, second].forEach((name, i) => {
        const other = i === 0 ? second : first;
        const { outcome } = outcomes[i]!;
        const expected = alone.get(name)!.outcome;
        const refusal = 'error' in outcome ? outcome.error : null;
        // Nothing else may refuse: training goes on, and who looks is disturbed by training alone.
        const moves = name in moving || name === 'checkOperator';
        const mayRefuse = !(name in training) && (other in training || (moves && other in moving));
        // A check takes differences, which move parameters: a product of its own is refused.
        const subject = other in moving && name === 'checkOperator' ? 'HessianOperator' : name.split(' ')[0]!;
        const isNamed =
          refusal instanceof curvature.CurvatureArgumentError &&
          refusal.where.startsWith(subject) &&
          /parameters that (stay as they are while it runs|nobody else is moving)/.test(refusal.message);
        const isSame = JSON.stringify(outcome) === JSON.stringify(expected);
        if (!isSame && !(mayRefuse && isNamed)) wrong.push(`${name} beside ${other}: ${String(refusal)}`);
      });
      const trainer = [first, second].find((name) => name in training);
      const weights = trainer == null ? unmoved : alone.get(trainer)!.weights;
      if (JSON.stringify(weightsOf(f)) !== JSON.stringify(weights))
        wrong.push(`${first}, ${second}: weights`);
      setWeights(f, start);
      expect(surroundings(), `${first} beside ${second}`).toEqual(before);
    }
    expect(wrong).toEqual([]);
  });
});
