import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';

/** What a pullback is given: the adjoints of the outputs and what the forward kernel left behind. */
export interface PullbackContext {
  /** Adjoint of the first output. */
  readonly dy: Tensor;
  /** Adjoints of all outputs, zeros where the loss does not depend on an output. */
  readonly dys: Tensor[];
  /** The tensors the rule asked to save, inputs first, then outputs. */
  readonly saved: Tensor[];
  /** Attributes of the kernel call. */
  readonly attrs: NamedAttrMap;
  /** Shape of every input, by name: a rule that needs no more than a shape saves nothing. */
  readonly shapes: Readonly<Record<string, number[]>>;
}

/** The adjoint of each input, computed on demand. Inputs that are not float32 need no entry. */
export type InputAdjoints = Record<string, () => Tensor>;

/**
 * The gradient of one kernel: dx = (∂y/∂x)ᵀ dy.
 *
 * Every kernel a pullback runs must itself have a rule (or be piecewise constant), so that the gradient can
 * be differentiated again. A pullback never reads values on the host: what it computed from them would look
 * constant to the second derivative.
 */
export interface GradientRule {
  /** Name of the kernel in TensorFlow.js's registry. */
  readonly kernel: string;
  /** Names of the inputs whose values the pullback uses; `'all'` for kernels with a list of inputs. */
  readonly saveInputs?: readonly string[] | 'all';
  /** For each output, whether the pullback uses its values. */
  readonly saveOutputs?: readonly boolean[];
  /** The adjoints of the inputs from the adjoints of the outputs. */
  readonly pullback: (context: PullbackContext) => InputAdjoints;
}
