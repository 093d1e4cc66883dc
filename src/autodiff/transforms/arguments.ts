import type { TensorLike } from '@tensorflow/tfjs-core';
import { Tensor, tensor, util } from '@tensorflow/tfjs-core';
import { describe, requireArgument, requireThat } from '../../errors.js';

/** Where a function is differentiated: its argument, or the list of its arguments. */
export type Point = Tensor | readonly Tensor[];

/** One tensor for a tensor, a list for a list. */
export type Like<P extends Point> = P extends Tensor ? Tensor : Tensor[];

/** Throws unless `f` can be called. */
export function requireFunction(f: unknown, where: string): void {
  requireArgument(typeof f === 'function', where, 'a function f to differentiate', f);
}

/** The tensors of a point, checked. */
export function argumentsOf(point: unknown, where: string, name = 'x'): Tensor[] {
  if (point instanceof Tensor) return [requireFloat(point, where, name)];
  const isList = Array.isArray(point) && point.length > 0;
  requireArgument(isList, where, `${name}: a tensor or a list of tensors`, point);
  return Array.from(point as unknown[], (x, i) => requireFloat(x, where, `${name}[${i}]`));
}

/** Results in the form of the point: the only one, or all. */
export function like<P extends Point, T>(point: P, results: readonly T[]): P extends Tensor ? T : T[] {
  return (point instanceof Tensor ? results[0] : [...results]) as P extends Tensor ? T : T[];
}

/** A live float32 tensor. */
export function requireFloat(x: unknown, where: string, name: string): Tensor {
  requireArgument(x instanceof Tensor, where, `${name}: a tensor`, x);
  requireThat(!x.isDisposed, where, `${name}: a live tensor`, 'a disposed tensor');
  requireArgument(x.dtype === 'float32', where, `${name}: a float32 tensor`, x);
  return x;
}

/** A tensor from what tf.tensor takes; it belongs to the innermost tidy. */
export function tensorFrom(x: Tensor | TensorLike, where: string, name: string): Tensor {
  const isData = typeof x === 'number' || Array.isArray(x) || ArrayBuffer.isView(x);
  requireArgument(
    x instanceof Tensor || isData,
    where,
    `${name}: a tensor, a number or an array of numbers`,
    x,
  );
  if (x instanceof Tensor) return requireFloat(x, where, name);
  // TensorFlow.js looks for the end of a list that holds itself until there is no memory left.
  requireThat(
    isShallow(x),
    where,
    `${name}: lists within lists, at most ${LARGEST_RANK} deep`,
    'deeper ones',
  );
  // TensorFlow.js looks at the first entries alone, and reads beyond the end of what is too short.
  requireThat(isRegular(x, shapeOf(x)), where, `${name}: numbers in lists of equal lengths`, irregular(x));
  return requireFloat(tensor(x), where, name);
}

/** The shape of lists within lists, by their first entries. */
function shapeOf(x: unknown): number[] {
  if (ArrayBuffer.isView(x)) return [(x as Float32Array).length];
  return Array.isArray(x) ? [x.length, ...(x.length === 0 ? [] : shapeOf(x[0]))] : [];
}

/** Whether lists within lists are as long as a shape says, with numbers or truth values in the innermost. */
function isRegular(x: unknown, [length, ...rest]: readonly number[]): boolean {
  if (ArrayBuffer.isView(x)) return rest.length === 0 && (x as Float32Array).length === length;
  if (!Array.isArray(x)) return length == null && (typeof x === 'number' || typeof x === 'boolean');
  return x.length === length && Array.from(x as unknown[]).every((part) => isRegular(part, rest));
}

/** What is in the way: an entry that is no number, or the lengths. */
function irregular(x: unknown): string {
  const stray = [x]
    .flat(LARGEST_RANK)
    .find((entry) => !['number', 'boolean'].includes(typeof entry) && !ArrayBuffer.isView(entry));
  return stray === undefined ? 'a ragged list' : `a list with ${describe(stray)}`;
}

/** The most dimensions that TensorFlow.js has tensors of. */
const LARGEST_RANK = 6;

function isShallow(x: unknown): boolean {
  let inner = x;
  for (let depth = 0; depth <= LARGEST_RANK; depth++) {
    if (!Array.isArray(inner)) return true;
    inner = (inner as unknown[])[0];
  }
  return false;
}

/** A live float32 tensor of a given shape; `owner` says whose shape it is. */
export function requireLike(x: unknown, shape: number[], where: string, name: string, owner: string): Tensor {
  const given = requireFloat(x, where, name);
  requireArgument(
    util.arraysEqual(given.shape, shape),
    where,
    `${name} of the shape of ${owner}, [${shape}]`,
    given,
  );
  return given;
}

/** What `f` has returned, if it is a live float32 tensor. */
export function requireValue(value: unknown, where: string, isScalar = false): Tensor {
  const expected = `f to return a float32 ${isScalar ? 'scalar' : 'tensor'}`;
  if (value instanceof Promise) {
    // Nobody else waits for it.
    value.catch(() => undefined);
    requireThat(false, where, `${expected} at once: f must not be async`, 'a promise');
  }
  requireArgument(value instanceof Tensor, where, expected, value);
  requireThat(!value.isDisposed, where, expected, 'a disposed tensor');
  requireArgument(value.dtype === 'float32' && (!isScalar || value.rank === 0), where, expected, value);
  return value;
}
