import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';

/** What the forward kernel left behind for a pullback. */
export interface ForwardContext {
  /** The values of the inputs the rule asked to save, by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The values of the outputs the rule asked to save, in order. */
  readonly outputs: readonly Tensor[];
  /** What the rule's `constants` computed when the kernel ran. */
  readonly constants: readonly Tensor[];
  /** Attributes of the kernel call. */
  readonly attrs: NamedAttrMap;
  /** Shape of every input, by name: a rule that needs no more than a shape saves nothing. */
  readonly shapes: Readonly<Record<string, number[]>>;
}

/** What a pullback is given: the adjoints of the outputs and what the forward kernel left behind. */
export interface PullbackContext extends ForwardContext {
  /** Adjoint of the first output. */
  readonly dy: Tensor;
  /** Adjoints of all outputs, zeros where the loss does not depend on an output. */
  readonly dys: Tensor[];
  /** What the rule's `derived` computed. */
  readonly derived: readonly Tensor[];
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
  /** Inputs that the kernel's outputs depend on not at all or piecewise constantly, such as a shape or a place. */
  readonly constantInputs?: readonly string[];
  /**
   * For each input, the inputs whose values its adjoint uses: only the needs of inputs that carry a
   * derivative are saved. A list is what every adjoint uses; `'all'` saves every input.
   */
  readonly saveInputs?: Readonly<Record<string, readonly string[]>> | readonly string[] | 'all';
  /** For each output, whether the pullback uses its values. */
  readonly saveOutputs?: readonly boolean[];
  /**
   * Further values to save that are locally constant in the inputs, such as a mask or the place of a
   * maximum. Computed once, when the kernel runs, so that no product computes them again.
   *
   * @param varying names of the inputs that carry a derivative
   */
  readonly constants?: (
    inputs: NamedTensorMap,
    outputs: readonly Tensor[],
    attrs: NamedAttrMap,
    varying: readonly string[],
  ) => Tensor[];
  /**
   * Smooth functions of the saved values, such as the slope of an activation, that the pullback uses in their place:
   * it is given no saved inputs and outputs then. Computed once, before the first pullback, and recorded
   * like everything that a pullback computes, so that derivatives go through them.
   */
  readonly derived?: (context: ForwardContext) => Tensor[];
  /**
   * Whether adjoints may have size 1 along axes where the input is larger, for one number that all entries share. They
   * are spread out where they are used, or never.
   */
  readonly sharesAdjoints?: boolean;
  /** The adjoints of the inputs from the adjoints of the outputs. */
  readonly pullback: (context: PullbackContext) => InputAdjoints;
}
