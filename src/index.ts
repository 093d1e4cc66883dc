/**
 * Curvature of any TensorFlow.js loss, and training by it.
 *
 * @module tfjs-curvature
 */

export { CurvatureArgumentError, DifferentiationError, type FailedDerivative } from './errors.js';
export { ParameterSpace } from './parameters.js';
export { registerChainedOps } from './tfjs/chained-ops.js';

// Derivatives of any order
export { grad, grads, valueAndGrad, valueAndGrads } from './autodiff/transforms/grad.js';
export { variableGrads } from './autodiff/transforms/variable-grads.js';
export { registerExactGradients } from './autodiff/transforms/exact-gradients.js';
export { jvp } from './autodiff/transforms/jvp.js';
export { vjp, type Pullback } from './autodiff/transforms/vjp.js';
export { jacobian } from './autodiff/transforms/jacobian.js';
export { hessian } from './autodiff/transforms/hessian.js';
export type { Like, Point } from './autodiff/transforms/arguments.js';

// What to differentiate
export { linearize, type Linearization } from './autodiff/linearize.js';
export { lossObjective, type LossTerm, type Objective, type SplitLoss } from './objectives/objective.js';
export type { ModelData } from './objectives/model-data.js';
export { modelObjective, type ModelObjectiveOptions } from './objectives/model-objective.js';
export {
  modelObjectiveFromDataset,
  type BatchedDataset,
  type DatasetObjective,
  type DatasetObjectiveOptions,
} from './objectives/dataset-objective.js';
export type { ClassWeight, ClassWeights } from './objectives/class-weights.js';
export type { LossFunction, LossSpecification } from './objectives/loss-functions.js';
export type { TensorsByName } from './objectives/batches.js';
export type { Likelihood, OutputSplit } from './objectives/output-split.js';

// Operators
export type { LinearOperator } from './operators/linear-operator.js';
export type { AsyncLinearOperator } from './operators/async-operator.js';
export { HessianOperator, type HessianOptions } from './operators/hessian.js';
export { GaussNewtonOperator } from './operators/gauss-newton.js';
export { gaussNewtonDiagonal } from './operators/gauss-newton-diagonal.js';
export { FisherOperator, type FisherOptions } from './operators/fisher.js';
export { KFACOperator, type KFACBlock } from './operators/kfac.js';
export type {
  KFACDeterminantOptions,
  KFACInverseOptions,
  KFACOptions,
} from './operators/kronecker/kfac-options.js';
export type { RectangularOperator } from './operators/rectangular-operator.js';
export { JacobianOperator } from './operators/jacobian-operator.js';
export type { JacobianOptions } from './operators/jacobian-source.js';
export { tangentKernel } from './operators/tangent-kernel.js';
export { matrixOperator } from './operators/matrix-operator.js';
export { sum } from './operators/sum.js';
export { scaled } from './operators/scaled.js';
export { shifted } from './operators/shifted.js';
export { deflated, type Eigenpairs } from './operators/deflated.js';
export { projected } from './operators/projected.js';
export { blocks, subset, type ParameterOperator, type VariableSelection } from './operators/subset.js';
export { materialize } from './operators/materialize.js';
export { checkOperator, type CheckOptions, type OperatorReport } from './operators/check-operator.js';

// Solvers
export { lanczos } from './solvers/lanczos.js';
export type { EigenProgress, LanczosOptions } from './solvers/lanczos-options.js';
export {
  loadEigenResult,
  saveEigenResult,
  type EigenResult,
  type EigenResultJson,
  type EigenStatus,
  type SavedEigenResult,
} from './solvers/result.js';
export type { Which } from './symmetric-eigen.js';
export type { DriveOptions } from './tfjs/drive.js';
export { interiorEigenpairs } from './solvers/interior-eigenpairs.js';
export type { InteriorOptions } from './solvers/interior-options.js';
export { lobpcg } from './solvers/lobpcg.js';
export type { LobpcgOptions } from './solvers/lobpcg-options.js';
export { powerIteration, type PowerIterationOptions } from './solvers/power-iteration.js';
export { svd, type SvdResult } from './solvers/svd.js';
export type { SvdOptions, SvdProgress } from './solvers/svd-options.js';
export { solve, type ConjugateGradientOptions } from './solvers/conjugate-gradient.js';
export { lowRankPreconditioner, type PreconditionerOptions } from './solvers/low-rank-preconditioner.js';
export { lsmr, type LeastSquaresResult, type LsmrOptions, type LsmrProgress } from './solvers/lsmr.js';
export { minres, type MinresOptions } from './solvers/minres.js';
export type { SolveOptions, SolveProgress, SolveResult, SolveStatus } from './solvers/linear-solve.js';

// Estimators
export {
  functionTimesVector,
  type FunctionOptions,
  type FunctionResult,
} from './solvers/function-times-vector.js';
export type { SpectralFunction } from './solvers/spectral-function.js';
export { trace, type TraceMethod, type TraceOptions } from './estimators/trace.js';
export { traceOfFunction, type TraceOfFunctionOptions } from './estimators/trace-of-function.js';
export { diagonal, type DiagonalEstimate } from './estimators/diagonal.js';
export {
  spectralDensity,
  type SpectralDensity,
  type SpectralDensityOptions,
} from './estimators/spectral-density.js';
export { frobeniusNorm, spectralNorm, type SpectralNumber, type SpectralOptions } from './estimators/norm.js';
export { conditionNumber, type ConditionNumberOptions } from './estimators/condition-number.js';
export type { Estimate, EstimateProgress, EstimatorOptions } from './estimators/estimate.js';

// Training
export { NSGD } from './optimizers/nsgd.js';
export { register, registerNSGD } from './optimizers/register-nsgd.js';
export type { Correction, NSGDOptions, NSGDSettings } from './optimizers/nsgd-options.js';
export type { DirectionStatus } from './optimizers/direction-search.js';
export type { GivenDirections } from './optimizers/given-directions.js';
export type { Schedule } from './optimizers/schedule.js';
export type { StepRecord } from './optimizers/step-records.js';
export {
  curvatureMonitor,
  type CurvatureMonitor,
  type MonitorOptions,
} from './callbacks/curvature-monitor.js';
export type { CurvatureMetric, CurvatureRecord } from './callbacks/curvature-record.js';
export type { MeasurementSchedule } from './callbacks/measurement-schedule.js';
export {
  refreshDirections,
  type DirectionRefresh,
  type DirectionTaker,
  type RefreshHooks,
  type RefreshOptions,
} from './callbacks/refresh-directions.js';

// The paper's measurements
export type { AnalysisTarget, ModelTarget } from './analysis/analysis-target.js';
export type {
  AnalysisProgress,
  DirectionOptions,
  MinibatchOptions,
  RunOptions,
} from './analysis/analysis-options.js';
export {
  stepDecomposition,
  type StepDecomposition,
  type StepDecompositionOptions,
  type StepEffect,
} from './analysis/step-decomposition.js';
export {
  gradientAlignment,
  type AlignmentEntry,
  type GradientAlignment,
  type GradientAlignmentOptions,
} from './analysis/alignment.js';
export {
  lossCrossSection,
  type LossCrossSection,
  type LossCrossSectionOptions,
  type LossSection,
} from './analysis/cross-section.js';
export type { SectionWidth } from './analysis/section-width.js';
export {
  escapeAblation,
  type EscapeAblation,
  type EscapeAblationOptions,
  type EscapeRun,
  type EscapeStep,
  type EscapeVariantChoice,
} from './analysis/escape.js';
export { escapeVariants, type EscapeRule, type EscapeVariant } from './analysis/escape-variant.js';
export {
  distanceTravelled,
  type DistanceRecord,
  type DistanceTravelled,
} from './analysis/distance-travelled.js';
export {
  noiseGrid,
  type NoiseGrid,
  type NoiseGridOptions,
  type NoiseGridRecord,
  type NoiseGridRun,
} from './analysis/noise-grid.js';
export {
  noiseGridUnits,
  type NoiseGridUnit,
  type NoiseGridUnitsOptions,
} from './analysis/noise-grid-units.js';
export { randomLabels, type RandomLabelOptions } from './analysis/random-labels.js';
export {
  lossSurface,
  type LossSurface,
  type LossSurfaceOptions,
  type SurfacePoint,
} from './analysis/loss-surface.js';
export type { PlaneChoice } from './analysis/plane.js';
export {
  layerReport,
  type LayerRecord,
  type LayerReport,
  type LayerReportOptions,
} from './analysis/layer-report.js';
export {
  classStructure,
  type ClassStructure,
  type ClassStructureOptions,
} from './analysis/class-structure.js';
export type { ClassGroup, ClassLevel } from './analysis/class-means.js';
export { laplace, type Laplace, type LaplaceOptions } from './analysis/laplace.js';
export type { LaplacePrediction } from './analysis/laplace-predictions.js';
export { influence, type Influence, type InfluenceOptions } from './analysis/influence.js';
