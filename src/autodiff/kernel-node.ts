import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../errors.js';
import type { KernelCall } from './engine.js';
import type { ForwardContext, GradientRule } from './gradient-rule.js';
import { findRule } from './gradients/registry.js';
import { currentLayer } from './layer-names.js';
import type { TapeNode } from './tape.js';
import { describeNode } from './tape.js';
import type { ValueTable } from './value-table.js';
import { carriesDerivative, valueOf } from './value-table.js';

/** The node of a kernel that has run; null if no derivative passes through it. */
export function kernelNode(
  call: KernelCall,
  outputs: readonly Tensor[],
  values: ValueTable,
): TapeNode | null {
  const known = findRule(call.kernelName);
  if (known === 'constant') return null;
  const inputs = values.trackedInputs(call.inputs, known?.constantInputs);
  if (inputs == null || !outputs.some(carriesDerivative)) return null;
  const node = { name: call.kernelName, layer: currentLayer(), inputs, outputs: outputs.map(valueOf) };
  // Adjoints are real: a way through complex numbers is followed only to say where it began or ended.
  const isComplex = [...Object.values(call.inputs), ...outputs].some((x) => x?.dtype === 'complex64');
  if (known == null || isComplex) return { ...node, saved: [], pullback: () => refuse(node) };
  const context = save(known, call, Object.keys(inputs), outputs, values);
  const { derived, sharesAdjoints = false } = known;
  if (derived != null)
    return derivingNode({ ...node, sharesAdjoints }, known, () => derived(context), context, values);
  return {
    ...node,
    sharesAdjoints,
    saved: [...Object.values(context.inputs), ...context.outputs, ...context.constants],
    pullback: (dys) => known.pullback({ ...context, dy: dys[0]!, dys, derived: [] }),
  };
}

/** A node that saves the inputs and outputs of its kernel only until what is derived from them has been computed. */
function derivingNode(
  node: Omit<TapeNode, 'saved' | 'pullback'>,
  rule: GradientRule,
  compute: () => Tensor[],
  context: ForwardContext,
  values: ValueTable,
): TapeNode {
  const saved = [...Object.values(context.inputs), ...context.outputs];
  const rest = { ...context, inputs: {}, outputs: [] };
  let derived: Tensor[] | null = null;
  return {
    ...node,
    get saved() {
      return [...(derived ?? saved), ...context.constants];
    },
    prepare() {
      derived ??= saveAll(compute, values);
    },
    pullback: (dys) => rule.pullback({ ...rest, dy: dys[0]!, dys, derived: derived! }),
  };
}

/** What the pullback of a kernel needs, held for as long as the tape. */
function save(
  { saveInputs, saveOutputs, constants }: GradientRule,
  { inputs: given, attrs = {} }: KernelCall,
  trackedInputs: readonly string[],
  outputs: readonly Tensor[],
  values: ValueTable,
): ForwardContext {
  const present = Object.entries(given).filter(([, x]) => x != null);
  const needed = new Set(
    saveInputs === 'all' ? Object.keys(given) : trackedInputs.flatMap((name) => neededFor(saveInputs, name)),
  );
  return {
    inputs: Object.fromEntries(
      present.filter(([name]) => needed.has(name)).map(([name, x]) => [name, values.hold(x)]),
    ),
    outputs: outputs.filter((_, i) => saveOutputs?.[i]).map((output) => values.hold(output)),
    constants: constants == null ? [] : saveAll(() => constants(given, outputs, attrs), values),
    attrs,
    shapes: Object.fromEntries(present.map(([name, x]) => [name, x.shape])),
  };
}

function saveAll(compute: () => Tensor[], values: ValueTable): Tensor[] {
  return tidy(() => compute().map((tensor) => values.hold(tensor)));
}

/** The inputs whose values the adjoint of one input uses. */
function neededFor(saveInputs: Exclude<GradientRule['saveInputs'], 'all'>, name: string): readonly string[] {
  if (saveInputs == null) return [];
  return isList(saveInputs) ? saveInputs : (saveInputs[name] ?? []);
}

function isList(names: object): names is readonly string[] {
  return Array.isArray(names);
}

function refuse(node: Pick<TapeNode, 'name' | 'layer'>): never {
  throw new DifferentiationError(
    describeNode(node),
    'no gradient is known for this op, so the loss cannot be differentiated through it',
    "Replace it by differentiable ops, register one with tf.registerGradient, or use method: 'finiteDifference' " +
      'if only its second derivative is missing.',
  );
}
