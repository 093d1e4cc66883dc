import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../errors.js';
import { gradientsDeep } from '../tfjs/derivative-order.js';
import type { CustomGradientCall } from '../tfjs/engine.js';
import { aliasTensor, handToScope } from '../tfjs/engine.js';
import { placeOf } from './kernel-node.js';
import { currentLayer } from '../tfjs/layer-names.js';
import { Sweep } from './sweep.js';
import type { TapeNode, TapeValue } from './tape.js';
import type { ValueTable } from './value-table.js';

/** What running the body of a custom gradient left on the tape. */
export interface BodyRecord {
  readonly nodes: readonly TapeNode[];
  /** Values that depend on a source and were read on the host. */
  readonly reads: readonly TapeValue[];
}

/** The body of a custom gradient that has run, with its node. */
export interface CustomGradient {
  /** What stands for the result of the body from now on. */
  readonly outputs: Tensor[];
  readonly node: TapeNode;
}

/** The name by which errors know the custom gradient that runs in a scope of the engine. */
export function customGradientName(scope: string | undefined): string {
  return scope == null || scope === 'unnamed scope' || scope === 'forward' ? 'tf.customGrad' : scope;
}

/**
 * Runs the body of a custom gradient while someone records, so that what it saves is known as the function of the
 * inputs it is, and makes one node from the inputs to the result with the gradient it brought. The result gets an
 * identity of its own: the first derivative goes through the custom gradient alone.
 *
 * @param recordBody runs a function and tells what that has recorded
 * @throws DifferentiationError if the result depends on a tracked value that is not among the inputs
 */
export function runCustomGradient(
  { forwardFunc, backwardsFunc, inputs: given }: CustomGradientCall,
  name: string,
  inputs: Record<string, TapeValue>,
  values: ValueTable,
  recordBody: (f: () => void) => BodyRecord,
): CustomGradient {
  const saved: Tensor[] = [];
  let results: Tensor[] = [];
  const { nodes, reads } = recordBody(() => {
    const result = tidy(() =>
      forwardFunc(null, (tensors) => saved.push(...tensors.map((tensor) => values.reference(tensor)))),
    );
    results = Array.isArray(result) ? result : [result];
  });
  requireDeclared(name, nodes, inputs, results, values);
  const outputs = results.map((result) => {
    const boundary = aliasTensor(result);
    handToScope(boundary);
    return boundary;
  });
  const node: TapeNode = {
    ...placeOf(name, inputs, outputs, values.constantInputs(given, inputs)),
    saved,
    hidden: reads,
    pullback: (dys) => backwardsFunc(dys.length > 1 ? dys : dys[0]!, saved),
  };
  return { outputs, node };
}

/**
 * Throws if the body made its results from a value that depends on a source and is none of its inputs: the gradient
 * it brought cannot hand anything on to that value.
 */
function requireDeclared(
  name: string,
  body: readonly TapeNode[],
  inputs: Record<string, TapeValue>,
  results: readonly Tensor[],
  values: ValueTable,
): void {
  const own = new Set(Object.values(inputs).map(({ id }) => id));
  for (const { outputs } of body) for (const { id } of outputs) own.add(id);
  const strangers = body.flatMap((node) => Object.values(node.inputs).filter(({ id }) => !own.has(id)));
  const direct = results.some((result) => values.isTracked(result) && !own.has(values.idOf(result)));
  const resultIds = new Set(results.map((result) => values.idOf(result)));
  const reaching = new Sweep(body, strangers, resultIds);
  if (!direct && reaching.nodes.length === 0) return;
  throw new DifferentiationError(
    name,
    'its value depends on a tensor that it is not given as an input, so that its gradient leaves that tensor out',
    'Pass every tensor that depends on the variables to the function tf.customGrad returns.',
    { layer: currentLayer(), order: gradientsDeep() + 1 },
  );
}
