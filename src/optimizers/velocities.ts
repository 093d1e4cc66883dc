import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { clone, dispose, keep, mul, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { Schedule } from './schedule.js';

const suffix = '/velocity';

/**
 * The velocities of momentum, one tensor per variable, under the name of the variable.
 *
 * Kept by name and not by position, as the optimizers of TensorFlow.js do, so that they stay with their variable
 * when layers are frozen, unfrozen or added. Owns the tensors, a of u = −|unit| a.
 */
export class Velocities {
  private readonly byName = new Map<string, Tensor>();
  /** Velocities read from a file, whose names may differ from those of the variables they belong to. */
  private loaded = new Map<string, Tensor>();

  /** @param unit see {@link unitOf} */
  constructor(private unit: number) {}

  /**
   * Counts in another unit from now on. From η to η the numbers stay, as in `tf.train.momentum`; to or from a schedule
   * what has been accumulated stays, but that η = 0 leaves none of it.
   */
  countIn(unit: number): void {
    const factor = this.unit < 0 === unit < 0 ? 1 : unit && -this.unit / unit;
    this.unit = unit;
    if (factor === 1) return;
    for (const held of [this.byName, this.loaded]) {
      for (const [name, tensor] of held) {
        held.set(name, keep(mul(tensor, factor)));
        tensor.dispose();
      }
    }
  }

  /** The velocities of some variables, in their order, once they are prepared. The tensors stay the store's. */
  of(variables: readonly Variable[]): Tensor[] {
    return variables.map(({ name }) => this.byName.get(name)!);
  }

  /** Takes over the next velocities of some variables, in their order. */
  replace(variables: readonly Variable[], next: readonly Tensor[]): void {
    variables.forEach(({ name }, i) => {
      this.byName.get(name)?.dispose();
      this.byName.set(name, keep(next[i]!));
    });
  }

  /** Makes sure that each variable has a velocity: one that was loaded, or zero. */
  prepare(variables: readonly Variable[]): void {
    if (this.loaded.size > 0) this.assignLoaded(variables);
    for (const variable of variables) {
      if (this.byName.has(variable.name)) continue;
      this.byName.set(variable.name, keep(tidy(() => zerosLike(variable))));
    }
  }

  /** The velocities of some variables, in their order, to be saved. The tensors stay the store's. */
  entries(variables: readonly Variable[]): [string, Tensor][] {
    if (this.loaded.size > 0) return [...this.loaded];
    return variables.flatMap(({ name }) => {
      const tensor = this.byName.get(name);
      return tensor == null ? [] : [[name + suffix, tensor] as [string, Tensor]];
    });
  }

  /** Takes copies of velocities saved in some unit. They are matched with their variables at the next step. */
  load(entries: readonly [string, Tensor][], unit = this.unit): void {
    const own = this.unit;
    // The entries may be those that are disposed here.
    const loaded = entries.map(([name, tensor]): [string, Tensor] => [name, keep(clone(tensor))]);
    this.dispose();
    this.loaded = new Map(loaded);
    this.unit = unit;
    this.countIn(own);
  }

  dispose(): void {
    for (const held of [this.byName, this.loaded]) {
      dispose([...held.values()]);
      held.clear();
    }
  }

  /** Whether an entry that was saved is a velocity. */
  static isVelocity(name: string): boolean {
    return name.endsWith(suffix);
  }

  /**
   * Matches by name where every variable finds its own, else by position: tfjs renames the variables of a model
   * that is loaded beside another one. By name those of variables that are stepped later are there for them.
   */
  private assignLoaded(variables: readonly Variable[]): void {
    const saved = this.loaded;
    const tensors = [...saved.values()];
    const areNamed = variables.every((variable) => saved.has(variable.name + suffix));
    const found = areNamed ? variables.map((variable) => saved.get(variable.name + suffix)!) : tensors;
    const shapes = (of: readonly Tensor[]): string => of.map(({ shape }) => `[${shape}]`).join(' ');
    const expected = `variables shaped like those the loaded velocities belong to, ${shapes(tensors)}`;
    requireThat(shapes(found) === shapes(variables), 'NSGD', expected, shapes(variables));
    if (areNamed) for (const [name, tensor] of saved) this.byName.set(name.slice(0, -suffix.length), tensor);
    else variables.forEach((variable, i) => this.byName.set(variable.name, found[i]!));
    saved.clear();
  }
}

/** What velocities are counted in: a fixed η, or 1 for a schedule, which is told from η = 1 by its sign. */
export function unitOf(learningRate: Schedule): number {
  return typeof learningRate === 'number' ? learningRate : -1;
}
