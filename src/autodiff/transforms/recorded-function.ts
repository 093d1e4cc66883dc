import type { Tensor } from '@tensorflow/tfjs-core';
import { zeros } from '@tensorflow/tfjs-core';
import { isConnected, unconnected } from '../connection.js';
import { Sweep } from '../sweep.js';
import type { TapeNode, TapeValue, ValueId } from '../tape.js';
import type { TapeInCharge } from '../tape-in-charge.js';
import { requireValue } from './arguments.js';
import type { OpenTape } from './open-tape.js';

/** y = f(…xs) on a tape. */
export interface RecordedFunction {
  readonly value: Tensor;
  readonly y: ValueId;
  readonly sources: readonly TapeValue[];
  readonly nodes: readonly TapeNode[];
  /** dy ↦ dy·∂y/∂x. */
  readonly backward: Sweep;
  readonly sweeps: readonly Sweep[];
}

/**
 * Calls a function while a tape records.
 *
 * @throws DifferentiationError if y does not depend on one of the arguments
 */
export function recordFunction(
  tape: TapeInCharge,
  f: (...xs: Tensor[]) => Tensor,
  args: readonly Tensor[],
  where: string,
  isScalar = false,
): RecordedFunction {
  const sources = tape.sourcesOf(args);
  const { value, nodes } = tape.evaluate(() => requireValue(f(...args), where, isScalar));
  const y = tape.idOf(value);
  sources.forEach(({ id }, i) => {
    if (isConnected(id, nodes, y)) return;
    throw unconnected(where, sources.length === 1 ? 'its argument' : `argument ${i}`);
  });
  const backward = new Sweep(nodes, sources, [y]);
  return { value, y, sources, nodes, backward, sweeps: [backward] };
}

/** dy·∂y/∂x for each x. They belong to the innermost tidy. */
export function pullBack(tape: OpenTape<RecordedFunction>, dy: Tensor): Tensor[] {
  const { backward, y } = tape.recorded;
  return tape.run(backward, [[y, dy]]);
}

/** A function on a tape, with the derivative of its pullback, which is the product with the Jacobian from the right. */
export interface RecordedJacobian extends RecordedFunction {
  /** dx ↦ ∂y/∂x·dx, from seeds at {@link pulled}. */
  readonly forward: Sweep;
  /** The results of the pullback; null where none leads to an x. */
  readonly pulled: readonly (ValueId | null)[];
}

/**
 * Adds to a function on a tape the product with its Jacobian from the right. dyᵀJ is linear in dy, so the derivative of
 * ⟨dyᵀJ, dx⟩ by dy is J dx, whatever dy is (Townsend 2017, "A new trick for calculating Jacobian vector products").
 */
export function recordForward(tape: TapeInCharge, recorded: RecordedFunction): RecordedJacobian {
  const { value, y, backward } = recorded;
  const dy = zeros(value.shape);
  tape.track(dy);
  let adjoints: (Tensor | null)[];
  const nodes = tape.nodesOf(() => {
    adjoints = tape.sweep(backward, [[y, dy]]);
  });
  const pulled = adjoints!.map((adjoint) => (adjoint == null ? null : tape.idOf(adjoint)));
  const reached = pulled.filter((id) => id != null);
  const forward = new Sweep(nodes, tape.sourcesOf([dy]), reached);
  return { ...recorded, forward, pulled, sweeps: [forward] };
}

/** ∂y/∂x·dx. It belongs to the innermost tidy. */
export function pushForward(tape: OpenTape<RecordedJacobian>, dxs: readonly (Tensor | null)[]): Tensor {
  const { forward, pulled } = tape.recorded;
  const seeds = pulled.flatMap((id, i) => (id == null || dxs[i] == null ? [] : [[id, dxs[i]] as const]));
  return tape.run(forward, seeds)[0]!;
}
