import type { Tensor2D } from '@tensorflow/tfjs-core';
import { dispose, keep, scalar, Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { aliasTensor } from '../tfjs/engine.js';
import { requireArgument, requireThat } from '../errors.js';
import { driveAsync } from '../tfjs/drive.js';
import { requireDirections } from './direction-set.js';
import { checkOrthonormal } from '../rows.js';
import type { SavedDirections } from './direction-tracker.js';
import type { NamedTensor } from './named-tensor.js';
import { Velocities } from './velocities.js';

/** All that the next steps of an NSGD depend on. */
export interface NSGDState {
  /** Steps taken. */
  readonly iterations: number;
  readonly directions: SavedDirections;
  /** One per variable, in their order. */
  readonly velocities: [string, Tensor][];
  /** What these are counted in; undefined in files of versions that did not say. */
  readonly unit: number | undefined;
}

const names = {
  directions: 'nsgd/directions',
  eigenvalues: 'nsgd/eigenvalues',
  times: 'nsgd/times',
  unit: 'nsgd/unit',
};

/** Stands for a step that is not known. */
const unset = -1;

/**
 * A state as the list of named tensors that tfjs saves: `iter` first, as in every optimizer.
 *
 * @returns the list, and those of its tensors that were made here and are the caller's to dispose
 */
export function packState({ iterations, directions, velocities, unit }: NSGDState): {
  weights: NamedTensor[];
  made: Tensor[];
} {
  const { rows, eigenvalues, step, refreshAt, trackAt } = directions;
  const times = [step, refreshAt, trackAt].map((time) => time ?? unset);
  const made: NamedTensor[] = [
    { name: 'iter', tensor: scalar(iterations, 'int32') },
    { name: names.times, tensor: tensor1d(times, 'int32') },
    { name: names.unit, tensor: tensor1d([unit!]) },
  ];
  if (eigenvalues != null) made.push({ name: names.eigenvalues, tensor: tensor1d(Array.from(eigenvalues)) });
  if (rows != null) made.push({ name: names.directions, tensor: rows });
  for (const { tensor } of made) keep(tensor);
  return {
    weights: [...made, ...velocities.map(([name, tensor]) => ({ name, tensor }))],
    made: made.map(({ tensor }) => tensor),
  };
}

/**
 * The state in a list that {@link packState} made. The tensors of the list stay the caller's, who may dispose them at
 * once; those of the state are second references, to be disposed with it.
 *
 * @throws CurvatureArgumentError for a list that cannot have been made so
 */
export async function unpackState(weights: readonly NamedTensor[]): Promise<NSGDState & { dispose(): void }> {
  const byName = new Map<string, Tensor>();
  const release = (): void => dispose([...byName.values()]);
  try {
    for (const { name, tensor } of requireWeights(weights)) byName.set(name, aliasTensor(tensor));
    const read = async (name: string): Promise<number[]> =>
      Array.from((await byName.get(name)?.data()) ?? []);
    const iterations = await read('iter');
    requireSteps(iterations, 0, "one whole number from 0 as 'iter'", 1);
    const times = await read(names.times);
    requireSteps(times, unset, `whole numbers from -1 as '${names.times}'`, times.length === 0 ? 0 : 3);
    const [unit] = await read(names.unit);
    requireArgument(unit === undefined || unit >= unset, where, `η as '${names.unit}'`, unit);
    const [step, refreshAt, trackAt] = times.map((time) => (time === unset ? null : time));
    const rows = (byName.get(names.directions) ?? null) as Tensor2D | null;
    if (rows != null) {
      requireDirections(rows, null, where);
      await driveAsync(checkOrthonormal(rows, where), {}, where);
    }
    const eigenvalues = byName.has(names.eigenvalues) ? await read(names.eigenvalues) : null;
    const fits = eigenvalues == null || eigenvalues.length === rows?.shape[0];
    requireArgument(fits, where, 'as many eigenvalues as directions', eigenvalues);
    return {
      iterations: iterations[0]!,
      directions: {
        rows,
        eigenvalues: eigenvalues == null ? null : Float64Array.from(eigenvalues),
        step: step ?? null,
        refreshAt: refreshAt ?? null,
        trackAt: trackAt ?? null,
      },
      velocities: [...byName].filter(([name]) => Velocities.isVelocity(name)),
      unit,
      dispose: release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

const where = 'NSGD.setWeights';

function requireSteps(steps: readonly number[], least: number, expected: string, count: number): void {
  const fits = steps.length === count && steps.every((step) => Number.isSafeInteger(step) && step >= least);
  requireArgument(fits, where, expected, steps);
}

/**
 * Throws unless each tensor is one that {@link packState} gives, the number of steps among them.
 *
 * @returns the list as it was looked at
 */
function requireWeights(weights: readonly NamedTensor[]): NamedTensor[] {
  requireArgument(Array.isArray(weights), where, 'what getWeights gave, a list of named tensors', weights);
  const counts: readonly string[] = ['iter', names.times];
  const known: readonly string[] = ['iter', ...Object.values(names)];
  const list = Array.from(weights as readonly (Partial<NamedTensor> | null)[], (entry) => {
    const { name, tensor } = entry ?? {};
    const isNamed = typeof name === 'string' && tensor instanceof Tensor;
    requireArgument(isNamed, where, 'named tensors {name, tensor}', entry);
    const isKnown = known.includes(name) || Velocities.isVelocity(name);
    requireArgument(isKnown, where, 'tensors that getWeights of an NSGD gave', name);
    requireThat(!tensor.isDisposed, where, `a live tensor '${name}'`, 'a disposed one');
    const isCount = counts.includes(name) && tensor.dtype === 'int32';
    const type = counts.includes(name) ? 'int32 or float32' : 'float32';
    requireArgument(isCount || tensor.dtype === 'float32', where, `${type} numbers as '${name}'`, tensor);
    return { name, tensor };
  });
  const found = list.map(({ name }) => name);
  requireArgument(found.includes('iter'), where, "a tensor 'iter', the number of steps, among them", found);
  requireArgument(new Set(found).size === found.length, where, 'each name once', found);
  return list;
}
