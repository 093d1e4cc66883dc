import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { concat, slice, tidy, zeros } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { layerOfVariable } from '../objectives/layer-of-variable.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { variablesOf } from '../variables.js';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { requireOperator } from './linear-operator.js';
import type { TermOperator, TermSource } from './magnitude.js';
import { magnitudeOf, magnitudeOfTerms, termSource } from './magnitude.js';
import type { Vectors } from '../rows.js';

/** An operator on the space of some variables. */
export interface ParameterOperator extends LinearOperator {
  /** The variables that the rows and columns belong to. */
  readonly parameters: ParameterSpace;
}

/** Variables, or something that owns them, such as a layer of tfjs-layers, or a choice by variable and index. */
export type VariableSelection =
  | readonly Variable[]
  | { readonly trainableWeights: readonly { read(): unknown }[]; readonly name: string }
  | ((variable: Variable, index: number) => boolean);

/**
 * The diagonal block of an operator that belongs to some of its variables: v -> R A Rᵀ v, R the choice of rows.
 *
 * Cost of a product: one of `operator`, whatever the size of the block.
 *
 * @param operator with `parameters`, e.g. a `HessianOperator`; stays the caller's, and disposing of the block
 *   leaves it alive
 * @param selection a list of its variables (their order is that of the operator), a layer, or a predicate
 * @returns the block, of which `parameters` are the chosen variables
 * @throws CurvatureArgumentError if nothing is chosen, or a variable is not one of the operator's
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const last = subset(hessian, model.getLayer('logits'));
 * const kernels = subset(hessian, (variable) => variable.name.includes('kernel'));
 */
export function subset(operator: ParameterOperator, selection: VariableSelection): ParameterOperator {
  requireParameters(operator, 'subset');
  const { parameters } = operator;
  const chosen = choose(parameters, selection);
  const block = parameterSpace(chosen, 'subset');
  const isChosen = new Set(chosen);
  /** Vectors of the block with zeros for the other variables. */
  const widen = <T extends Vectors>(v: T): T =>
    tidy(() => {
      let from = 0;
      const parts = parameters.variables.map((variable) => {
        if (!isChosen.has(variable)) return zeros([...v.shape.slice(0, -1), variable.size]);
        from += variable.size;
        return columns(v, from - variable.size, variable.size);
      });
      return concat(parts, -1) as T;
    });
  /** The coordinates of the chosen variables. */
  const narrow = <T extends Vectors>(v: T): T =>
    tidy(() => {
      const parts = parameters.variables.flatMap((variable, i) =>
        isChosen.has(variable) ? [columns(v, parameters.offsets[i]!, variable.size)] : [],
      );
      return concat(parts, -1) as T;
    });
  const blockTerms = new WeakMap<TermSource, TermSource>();
  /** The terms of the block alone: those of other variables may be far larger. */
  const terms = (): TermSource | null => {
    const whole = (operator as TermOperator)[termSource]?.();
    if (whole == null) return null;
    let source = blockTerms.get(whole);
    if (source == null) {
      source = { termsOf: (v, seed) => tidy(() => narrow(whole.termsOf(widen(v), seed))) };
      blockTerms.set(whole, source);
    }
    return source;
  };
  const derived = derivedOperator({
    name: 'subset',
    size: block.size,
    operands: [operator],
    product: (v, times) => {
      const whole = widen(v);
      try {
        return narrow(times(operator, whole));
      } finally {
        whole.dispose();
      }
    },
    magnitude: () => {
      const source = terms();
      return source == null ? magnitudeOf(operator) : magnitudeOfTerms(block.size, source);
    },
  });
  const made: ParameterOperator & TermOperator = { ...derived, parameters: block, [termSource]: terms };
  return made;
}

/**
 * The diagonal block of each variable, or of each group of them.
 *
 * @param operator see {@link subset}
 * @param groupOf names the group of a variable; default the part of its name before the last '/', which for
 *   tfjs-layers is the layer. A second layer of the same name, in a model inside of a model, is 'name_1'
 * @returns the blocks by the name of their group, in the order of the variables
 * @throws CurvatureArgumentError for an operator without parameters, or a `groupOf` that is no function
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const sharpness: Record<string, number> = {};
 * for (const [layer, block] of blocks(hessian)) sharpness[layer] = (await lanczos(block)).eigenvalues[0];
 */
export function blocks(
  operator: ParameterOperator,
  groupOf: (variable: Variable) => string = byLayer(),
): Map<string, ParameterOperator> {
  requireParameters(operator, 'blocks');
  requireArgument(typeof groupOf === 'function', 'blocks', 'a function of a variable', groupOf);
  const groups = new Map<string, Variable[]>();
  for (const variable of operator.parameters.variables) {
    const name = groupOf(variable);
    groups.set(name, [...(groups.get(name) ?? []), variable]);
  }
  return new Map([...groups].map(([name, variables]) => [name, subset(operator, variables)]));
}

/** Some coordinates of one vector or of each of several. */
function columns(v: Vectors, from: number, count: number): Tensor {
  return v.rank === 1
    ? slice(v as Tensor1D, [from], [count])
    : slice(v as Tensor2D, [0, from], [v.shape[0], count]);
}

/** Names layers by the part of a variable's name before the last '/'; a further layer of the same name gets a number. */
function byLayer(): (variable: Variable) => string {
  const groups = new Map<string, (object | undefined)[]>();
  return (variable) => {
    const end = variable.name.lastIndexOf('/');
    const name = end < 0 ? variable.name : variable.name.slice(0, end);
    const layer = layerOfVariable(variable);
    const known = groups.get(name) ?? [];
    if (!known.includes(layer)) groups.set(name, [...known, layer]);
    const number = groups.get(name)!.indexOf(layer);
    return number === 0 ? name : `${name}_${number}`;
  };
}

/** The chosen variables in the operator's order. */
function choose(parameters: ParameterSpace, selection: VariableSelection): Variable[] {
  const { variables } = parameters;
  if (typeof selection === 'function') {
    const chosen = variables.filter(selection);
    requireArgument(chosen.length > 0, 'subset', 'a predicate that chooses a variable', parameters.names);
    return chosen;
  }
  const wanted = variablesOf(selection, 'subset') as readonly Variable[];
  requireArgument(
    Array.isArray(wanted),
    'subset',
    'a list of variables, a layer or a predicate of a variable',
    selection,
  );
  requireArgument(wanted.length > 0, 'subset', 'at least one variable', wanted);
  for (const variable of wanted) {
    requireArgument(
      variables.includes(variable),
      'subset',
      `variables of the operator (${parameters.names.join(', ')})`,
      variable?.name ?? variable,
    );
  }
  return variables.filter((variable) => wanted.includes(variable));
}

/** Throws unless `operator` knows which variables its rows belong to. */
function requireParameters(operator: ParameterOperator, where: string): void {
  requireOperator(operator, where);
  const expected = 'an operator with parameters, such as a HessianOperator';
  requireArgument(Array.isArray(operator.parameters?.variables), where, expected, operator);
}
