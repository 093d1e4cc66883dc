import type { Tensor } from '@tensorflow/tfjs-core';
import type { DifferentiationError } from '../errors.js';
import type { ForwardContext, GradientRule, InputAdjoints } from './gradient-rule.js';

/** Identity of a value on the tape: the id of the tensor that first held it. */
export type ValueId = number;

/** A value on the tape: enough to make a zero adjoint for it and to check one that is given. */
export interface TapeValue {
  readonly id: ValueId;
  readonly shape: number[];
}

/** One operation that was run while recording. */
export interface TapeNode {
  /** Kernel, or the op that brought its own gradient. */
  readonly name: string;
  /** Layer that ran the operation, where known. */
  readonly layer: string | null;
  /** Which derivative its pullback is part of: 1 the first, 2 where a gradient ran the operation, … */
  readonly order: number;
  /** The inputs that carry a derivative, by input name. */
  readonly inputs: Readonly<Record<string, TapeValue>>;
  /** Values that the outputs depend on besides, with a derivative that is zero wherever it exists. */
  readonly constantInputs: readonly ValueId[];
  readonly outputs: readonly TapeValue[];
  /** The values the pullback needs; owned by whoever owns the tape, shared between nodes. */
  readonly saved: readonly Tensor[];
  /** The gradient of the kernel, where that is a rule. */
  readonly rule?: GradientRule;
  /** What the kernel left behind for the rule; owned as `saved` is. */
  readonly context?: ForwardContext;
  /** Values that were read on the host while the outputs were computed: a gradient depends on them unseen. */
  readonly hidden?: readonly TapeValue[];
  /** Says why no derivative goes through to an input; null where one does. */
  readonly refuse?: (input: string) => DifferentiationError | null;
  /** Computes what the pullback needs besides; has to come before it. Harmless when repeated. */
  readonly prepare?: () => void;
  /** Whether adjoints of the inputs may be smaller than they are: see `GradientRule.sharesAdjoints`. */
  readonly sharesAdjoints?: boolean;
  /** Adjoints of the inputs from those of the outputs. */
  readonly pullback: (dys: Tensor[]) => InputAdjoints;
}
