import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { byDifferences, DifferentiationError } from '../errors.js';
import { gradientsDeep } from '../tfjs/derivative-order.js';
import type { KernelCall } from '../tfjs/engine.js';
import type { GradientRule, InputAdjoints, PullbackContext } from './gradient-rule.js';
import { findRule } from './rules/registry.js';
import { nameForGradient } from '../tfjs/name-for-gradient.js';
import { currentLayer } from '../tfjs/layer-names.js';
import { cast } from '../tfjs/kernels/kernel-ops.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';
import type { ValueTable } from './value-table.js';
import { valueOf } from './value-table.js';

/**
 * The node of a kernel that has run; null if its outputs depend on no source.
 *
 * @param unseen runs what is on no tape. Given where the node is hardly ever pulled back: what its rule computes when the
 *   kernel runs (`constants`) is then computed before the first pullback, from the inputs and outputs, which are held
 */
export function kernelNode(
  call: KernelCall,
  outputs: readonly Tensor[],
  values: ValueTable,
  unseen: Unseen | null = null,
): TapeNode | null {
  const name = nameForGradient(call);
  const known = findRule(name);
  const inputs = known === 'constant' ? null : values.trackedInputs(call.inputs, known?.constantInputs);
  if (inputs == null || known === 'constant' || !outputs.some((output) => values.passes(inputs, output))) {
    return constantNode(call, outputs, values);
  }
  const place = placeOf(name, inputs, outputs, values.constantInputs(call.inputs, inputs));
  // Adjoints are real: a way through complex numbers is followed only to say where it began or ended.
  const isComplex = [...Object.values(call.inputs), ...outputs].some((x) => x?.dtype === 'complex64');
  if (known == null || isComplex) return refusingNode(place, () => unknownGradient(place));
  const given = asReals(call, known);
  const varying = Object.keys(inputs);
  const postponed = unseen == null || known.constants == null ? null : unseen;
  const context = save(known, given, varying, outputs, values, postponed == null);
  return new RuleNode(place, known, context, values, varying, postponed);
}

/** Runs `f` unrecorded. */
export type Unseen = <T>(f: () => T) => T;

/** The call as its rule is to see it: with float32 numbers for whole ones, but for those that are places or conditions. */
function asReals(call: KernelCall, { constantInputs }: GradientRule): KernelCall {
  const isWhole = (name: string): boolean => {
    const dtype = call.inputs[name]?.dtype;
    return (dtype === 'int32' || dtype === 'bool') && constantInputs?.includes(name) !== true;
  };
  if (!Object.keys(call.inputs).some(isWhole)) return call;
  const reals = Object.entries(call.inputs).map(([name, x]): [string, Tensor] => [
    name,
    isWhole(name) ? cast(x, 'float32') : x,
  ]);
  return { ...call, inputs: Object.fromEntries(reals) };
}

/** What a node is and where it stands. */
export type NodePlace = Pick<TapeNode, 'name' | 'layer' | 'order' | 'inputs' | 'constantInputs' | 'outputs'>;

/** The place of an operation that runs now. */
export function placeOf(
  name: string,
  inputs: TapeNode['inputs'],
  outputs: readonly Tensor[],
  constantInputs: readonly ValueId[] = [],
): NodePlace {
  const order = gradientsDeep() + 1;
  return { name, layer: currentLayer(), order, inputs, constantInputs, outputs: outputs.map(valueOf) };
}

/** A node that no derivative goes through. */
export function refusingNode(place: NodePlace, refuse: NonNullable<TapeNode['refuse']>): TapeNode {
  return { ...place, saved: [], refuse, pullback: () => ({}) };
}

/** A node that says what the outputs depend on where no derivative does; null if on no source. */
export function constantNode(
  { kernelName, inputs }: KernelCall,
  outputs: readonly Tensor[],
  values: ValueTable,
): TapeNode | null {
  const constantInputs = values.constantInputs(inputs, {});
  if (constantInputs.length === 0) return null;
  return { ...placeOf(kernelName, {}, outputs, constantInputs), saved: [], pullback: () => ({}) };
}

/** What is given to a pullback, filled as it comes to be known: all its members are there from the start. */
type GrowingContext = { -readonly [Member in keyof PullbackContext]: PullbackContext[Member] };

/** A node that is pulled back by a rule. */
class RuleNode implements TapeNode {
  readonly name: string;
  readonly layer: string | null;
  readonly order: number;
  readonly inputs: Readonly<Record<string, TapeValue>>;
  readonly constantInputs: readonly ValueId[];
  readonly outputs: readonly TapeValue[];
  readonly sharesAdjoints: boolean;
  saved: readonly Tensor[];
  private isPrepared: boolean;

  /** @param context what the rule is given; one object for all calls, since making one costs as much as a small kernel */
  constructor(
    place: NodePlace,
    readonly rule: GradientRule,
    readonly context: GrowingContext,
    private readonly values: ValueTable,
    private readonly varying: readonly string[],
    private readonly postponed: Unseen | null,
  ) {
    this.name = place.name;
    this.layer = place.layer;
    this.order = place.order;
    this.inputs = place.inputs;
    this.constantInputs = place.constantInputs;
    this.outputs = place.outputs;
    this.sharesAdjoints = rule.sharesAdjoints ?? false;
    this.isPrepared = rule.derived == null && postponed == null;
    this.saved = savedIn(context);
  }

  prepare(): void {
    if (this.isPrepared) return;
    this.isPrepared = true;
    const { rule, context, values } = this;
    if (this.postponed != null) this.computeConstants(this.postponed);
    if (rule.derived != null) {
      context.derived = saveAll(() => rule.derived!(context), values);
      // Inputs and outputs were saved for this alone.
      context.inputs = {};
      context.outputs = [];
    }
    this.saved = savedIn(context);
  }

  private computeConstants(unseen: Unseen): void {
    const { rule, context, values, varying } = this;
    const { inputs, outputs, attrs } = context;
    context.constants = unseen(() => saveAll(() => rule.constants!(inputs, outputs, attrs, varying), values));
    context.inputs = Object.fromEntries(
      Object.entries(inputs).filter(([name]) => usesInput(rule, varying, name)),
    );
    context.outputs = outputs.filter((_, i) => rule.saveOutputs?.[i]);
  }

  pullback(dys: Tensor[]): InputAdjoints {
    const { context } = this;
    context.dy = dys[0]!;
    context.dys = dys;
    return this.rule.pullback(context);
  }
}

function savedIn({ inputs, outputs, constants, derived }: PullbackContext): readonly Tensor[] {
  return [...Object.values(inputs), ...outputs, ...constants, ...derived];
}

/**
 * What the pullback of a kernel needs, held for as long as the tape.
 *
 * @param withConstants false to hold all inputs and outputs, and compute the constants later
 */
function save(
  rule: GradientRule,
  { inputs: given, attrs = {} }: KernelCall,
  varying: readonly string[],
  outputs: readonly Tensor[],
  values: ValueTable,
  withConstants: boolean,
): GrowingContext {
  const { saveOutputs, constants } = rule;
  const inputs: Record<string, Tensor> = {};
  const shapes: Record<string, number[]> = {};
  for (const name of Object.keys(given)) {
    const x = given[name];
    if (x == null) continue;
    shapes[name] = x.shape;
    if (!withConstants || usesInput(rule, varying, name)) inputs[name] = values.reference(x);
  }
  return {
    inputs,
    outputs: outputs
      .filter((_, i) => !withConstants || saveOutputs?.[i])
      .map((output) => values.reference(output)),
    constants:
      constants == null || !withConstants
        ? []
        : saveAll(() => constants(given, outputs, attrs, varying), values),
    derived: [],
    attrs,
    shapes,
    // Known when the pullback is asked for.
    dy: outputs[0]!,
    dys: [],
  };
}

function saveAll(compute: () => Tensor[], values: ValueTable): Tensor[] {
  return tidy(() => compute().map((tensor) => values.reference(tensor)));
}

/** Whether the adjoints of the inputs `varying` use the values of an input. */
function usesInput({ saveInputs }: GradientRule, varying: readonly string[], name: string): boolean {
  if (saveInputs == null) return false;
  if (saveInputs === 'all') return true;
  if (isList(saveInputs)) return saveInputs.includes(name);
  return varying.some((by) => saveInputs[by]?.includes(name) === true);
}

function isList(names: object): names is readonly string[] {
  return Array.isArray(names);
}

function unknownGradient({ name, layer, order }: NodePlace): DifferentiationError {
  return new DifferentiationError(
    name,
    'no gradient is known for this op, so the loss cannot be differentiated through it',
    'Replace it by differentiable ops, register one with tf.registerGradient, or, if only its second derivative is missing, ' +
      `${byDifferences}.`,
    { layer, order, sentence: `Cannot compute gradient: gradient function not found for ${name}.` },
  );
}
