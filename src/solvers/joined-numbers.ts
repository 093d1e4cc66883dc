import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, tidy } from '@tensorflow/tfjs-core';

/** Pieces that are joined at a time: a WebGPU program reads seven tensors at least. */
const GROUP = 6;

/** Small tensors on their way to the host as one, which is read once. */
export interface JoinedNumbers {
  /** Owned by the caller. */
  readonly tensor: Tensor2D;
  /** The numbers of each piece, given those of the tensor. */
  split(values: Float32Array): Float32Array[];
}

/**
 * Joins pieces of which from call to call there may be more. GPU backends compile a program for each list of shapes to
 * be joined, so pieces of the same size go by groups of six, the last filled up with a piece that is there already:
 * there are as many programs as groups, not as pieces.
 *
 * @param pieces tensors [1, s], one at least; stay the caller's
 */
export function joinNumbers(pieces: readonly Tensor2D[]): JoinedNumbers {
  const groups = groupsBySize(pieces.map(({ size }) => size));
  const starts = new Array<number>(pieces.length);
  let at = 0;
  const tensor = tidy(() => {
    const joined = groups.map((group) => {
      for (const piece of group) {
        starts[piece] = at;
        at += pieces[piece]!.size;
      }
      const members = group.map((piece) => pieces[piece]!);
      return members.length === 1 ? members[0]! : concat(members, 1);
    });
    return concat(joined, 1);
  });
  const ends = pieces.map(({ size }, i) => starts[i]! + size);
  return { tensor, split: (values) => ends.map((end, i) => values.subarray(starts[i], end)) };
}

/** Indices of the pieces to join with each other. A piece of a size of its own stays alone. */
function groupsBySize(sizes: readonly number[]): number[][] {
  const bySize = new Map<number, number[]>();
  sizes.forEach((size, piece) => bySize.set(size, [...(bySize.get(size) ?? []), piece]));
  return [...bySize.values()].flatMap((alike) => {
    if (alike.length === 1) return [alike];
    const filled = Math.ceil(alike.length / GROUP) * GROUP;
    const all = Array.from({ length: filled }, (_, i) => alike[i] ?? alike[0]!);
    return Array.from({ length: filled / GROUP }, (_, g) => all.slice(g * GROUP, (g + 1) * GROUP));
  });
}
