import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { keep, scalar, tensor1d } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import type { SavedDirections } from './direction-tracker.js';
import type { NamedTensor } from './named-tensor.js';
import { Velocities } from './velocities.js';

/** All that the next steps of an NSGD depend on. */
export interface NSGDState {
  /** Steps taken. */
  readonly iterations: number;
  readonly directions: SavedDirections;
  /** One per variable, in their order. */
  readonly velocities: readonly NamedTensor[];
}

const names = { directions: 'nsgd/directions', eigenvalues: 'nsgd/eigenvalues', times: 'nsgd/times' };

/** Stands for a step that is not known. */
const unset = -1;

/**
 * A state as the list of named tensors that tfjs saves: `iter` first, as in every optimizer.
 *
 * @returns the list, and those of its tensors that were made here and are the caller's to dispose
 */
export function packState({ iterations, directions, velocities }: NSGDState): {
  weights: NamedTensor[];
  made: Tensor[];
} {
  const { rows, eigenvalues, step, refreshAt, trackAt } = directions;
  const times = [step, refreshAt, trackAt].map((time) => time ?? unset);
  const made: NamedTensor[] = [
    { name: 'iter', tensor: scalar(iterations, 'int32') },
    { name: names.times, tensor: tensor1d(times, 'int32') },
  ];
  if (eigenvalues != null) made.push({ name: names.eigenvalues, tensor: tensor1d(Array.from(eigenvalues)) });
  const kept = rows == null ? [] : [{ name: names.directions, tensor: rows }];
  for (const { tensor } of made) keep(tensor);
  return { weights: [...made, ...kept, ...velocities], made: made.map(({ tensor }) => tensor) };
}

/** The state in a list that {@link packState} made. The tensors stay the caller's. */
export async function unpackState(weights: readonly NamedTensor[]): Promise<NSGDState> {
  requireWeights(weights);
  const byName = new Map(weights.map(({ name, tensor }) => [name, tensor]));
  const read = async (name: string): Promise<number[] | null> => {
    const tensor = byName.get(name);
    return tensor == null ? null : Array.from(await tensor.data());
  };
  const [iterations = 0] = (await read('iter')) ?? [];
  const times = ((await read(names.times)) ?? []).map((time) => (time === unset ? null : time));
  const eigenvalues = await read(names.eigenvalues);
  return {
    iterations,
    directions: {
      rows: (byName.get(names.directions) ?? null) as Tensor2D | null,
      eigenvalues: eigenvalues == null ? null : Float64Array.from(eigenvalues),
      step: times[0] ?? null,
      refreshAt: times[1] ?? null,
      trackAt: times[2] ?? null,
    },
    velocities: weights.filter(Velocities.isVelocity),
  };
}

/** Throws unless each tensor is one that {@link packState} gives, the number of steps among them. */
function requireWeights(weights: readonly NamedTensor[]): void {
  const where = 'NSGD.setWeights';
  requireArgument(Array.isArray(weights), where, 'what getWeights gave, a list of named tensors', weights);
  const known: readonly string[] = ['iter', ...Object.values(names)];
  for (const entry of weights) {
    requireArgument(entry?.tensor != null, where, 'named tensors {name, tensor}', entry);
    const isKnown = known.includes(entry.name) || Velocities.isVelocity(entry);
    requireArgument(isKnown, where, 'tensors that getWeights of an NSGD gave', entry.name);
  }
  const found = weights.map(({ name }) => name);
  requireArgument(found.includes('iter'), where, "a tensor 'iter', the number of steps, among them", found);
}
