import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type {
  AsyncLinearOperator,
  BatchedDataset,
  EigenResult,
  Estimate,
  LinearOperator,
  NSGDOptions,
  Objective,
  ParameterOperator,
  Pullback,
  SolveResult,
} from 'tfjs-curvature';
import {
  FisherOperator,
  GaussNewtonOperator,
  KFACOperator,
  grad,
  grads,
  hessian,
  HessianOperator,
  jacobian,
  jvp,
  lanczos,
  linearize,
  lossObjective,
  matrixOperator,
  modelObjective,
  NSGD,
  shifted,
  solve,
  sum,
  trace,
  valueAndGrad,
  variableGrads,
  vjp,
} from 'tfjs-curvature';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import type * as core from '@tensorflow/tfjs-core';
import { expectTypeOf } from 'vitest';

/*
 * What the types of the public functions promise. Never run: public-types.test.ts compiles it, as `npm run lint` does.
 */

declare const x: Tensor;
declare const v: Tensor1D;
declare const a: Tensor2D;
declare const w: Variable;
declare const model: LayersModel;
declare const loss: () => Scalar;
declare const objective: Objective;
declare const operator: LinearOperator;
declare const late: AsyncLinearOperator;
declare const f: (...xs: Tensor[]) => Tensor;
declare const toScalar: (...xs: Tensor[]) => Scalar;

// Derivatives: the first five can take the place of those of TensorFlow.js.
expectTypeOf(grad).toExtend<typeof core.grad>();
expectTypeOf(grads).toExtend<typeof core.grads>();
expectTypeOf(valueAndGrad).toExtend<typeof core.valueAndGrad>();
expectTypeOf(variableGrads).toExtend<typeof core.variableGrads>();
expectTypeOf(jvp(f, x, x)).toEqualTypeOf<[value: Tensor, tangent: Tensor]>();
expectTypeOf(vjp(f, x)).toEqualTypeOf<[value: Tensor, pullback: Pullback<Tensor>]>();
expectTypeOf(vjp(f, [x, x])[1](x)).toEqualTypeOf<Tensor[]>();
expectTypeOf(jacobian(f)(x)).toEqualTypeOf<Tensor>();
expectTypeOf(jacobian(f)([x, x])).toEqualTypeOf<Tensor[]>();
expectTypeOf(hessian(toScalar)(x)).toEqualTypeOf<Tensor>();
expectTypeOf(hessian(toScalar)([x, x])).toEqualTypeOf<Tensor[][]>();
// @ts-expect-error A Hessian is that of a number.
hessian(f);

// What to differentiate
expectTypeOf(linearize(loss, [w]).hvp(v)).toEqualTypeOf<Tensor1D>();
expectTypeOf(lossObjective(loss, [w])).toExtend<Objective>();
expectTypeOf(modelObjective(model, { xs: x, ys: x })).toExtend<Objective>();
// @ts-expect-error Data are named.
modelObjective(model, x, x);

// Operators: each is a LinearOperator, and what is made of curvature operators is one.
expectTypeOf<HessianOperator>().toExtend<ParameterOperator>();
expectTypeOf<GaussNewtonOperator>().toExtend<ParameterOperator>();
expectTypeOf<FisherOperator>().toExtend<ParameterOperator>();
expectTypeOf<KFACOperator>().toExtend<ParameterOperator>();
expectTypeOf(new HessianOperator(objective).matvec(v)).toEqualTypeOf<Tensor1D>();
expectTypeOf(new GaussNewtonOperator(objective)).toExtend<LinearOperator>();
expectTypeOf(new FisherOperator(objective, { type: 'empirical' })).toExtend<LinearOperator>();
expectTypeOf(matrixOperator(a)).toExtend<LinearOperator>();
expectTypeOf(shifted(operator, 0.1)).toExtend<LinearOperator>();
expectTypeOf(sum(operator, operator)).toExtend<LinearOperator>();
expectTypeOf(new KFACOperator(objective).inverse({ damping: 1 })).resolves.toExtend<LinearOperator>();
// @ts-expect-error An inverse says how much it is damped.
void new KFACOperator(objective).inverse({});
// @ts-expect-error There is no such Fisher matrix.
new FisherOperator(objective, { type: 'sampled' });

// Solvers and estimators take operators that answer later, too.
expectTypeOf(lanczos(operator, { k: 2, which: 'LA' })).toEqualTypeOf<Promise<EigenResult>>();
expectTypeOf(lanczos(late)).toEqualTypeOf<Promise<EigenResult>>();
expectTypeOf<EigenResult['eigenvectors']>().toEqualTypeOf<Tensor2D>();
expectTypeOf<EigenResult['eigenvalues']>().toEqualTypeOf<Float64Array>();
expectTypeOf(solve(operator, v)).toEqualTypeOf<Promise<SolveResult>>();
expectTypeOf(trace(late)).toEqualTypeOf<Promise<Estimate>>();
// @ts-expect-error An end of the spectrum is 'LA', 'SA', 'LM' or 'BE'.
lanczos(operator, { which: 'largest' }).catch(() => undefined);

// What the iterator of a tf.data.Dataset is.
expectTypeOf<{
  iterator(): Promise<{ next(): Promise<IteratorResult<{ xs: Tensor; ys: Tensor }>> }>;
  readonly size: number;
}>().toExtend<BatchedDataset>();

// Training
expectTypeOf<NSGD>().toExtend<core.Optimizer>();
expectTypeOf<{ learningRate: number }>().toExtend<NSGDOptions>();
// @ts-expect-error A learning rate has no default.
new NSGD({});
expectTypeOf(registerWasmTrainingKernels()).resolves.toExtend<() => void>();
