export { CurvatureArgumentError, DifferentiationError } from './errors.js';
export type { LinearOperator } from './operators/linear-operator.js';
export { ParameterSpace } from './parameters.js';
