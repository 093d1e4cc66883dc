import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { clone, dispose, keep, mul, tidy, util, zerosLike } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { Schedule } from './schedule.js';

const suffix = '/velocity';

/**
 * The velocities of momentum, one tensor per variable.
 *
 * Kept by variable and not by position, as the optimizers of TensorFlow.js do, so that they stay with their variable
 * when layers are frozen, unfrozen or added, and by none of its name when it is gone. Owns the tensors, a of
 * u = −|unit| a.
 */
export class Velocities {
  private readonly held = new Map<Variable, Tensor>();
  /** Velocities read from a file, whose names may differ from those of the variables they belong to. */
  private loaded = new Map<string, Tensor>();
  /** Whether these are matched by name; null before the first step with them tells. */
  private areNamed: boolean | null = null;

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
    for (const store of [this.held, this.loaded] as Map<unknown, Tensor>[]) {
      for (const [key, tensor] of store) {
        store.set(key, keep(mul(tensor, factor)));
        tensor.dispose();
      }
    }
  }

  /** The velocities of some variables, in their order, once they are prepared. The tensors stay the store's. */
  of(variables: readonly Variable[]): Tensor[] {
    return variables.map((variable) => this.held.get(variable)!);
  }

  /** Takes over the next velocities of some variables, in their order. */
  replace(variables: readonly Variable[], next: readonly Tensor[]): void {
    variables.forEach((variable, i) => {
      this.held.get(variable)?.dispose();
      this.held.set(variable, keep(next[i]!));
    });
  }

  /** Makes sure that each variable has a velocity, one that was loaded or zero, and lets those of disposed ones go. */
  prepare(variables: readonly Variable[]): void {
    this.sortOut();
    const without = variables.filter((variable) => !this.held.has(variable));
    if (this.loaded.size > 0 && without.length > 0) this.assignLoaded(without);
    for (const variable of without) {
      if (!this.held.has(variable)) this.held.set(variable, keep(tidy(() => zerosLike(variable))));
    }
  }

  /**
   * All velocities, to be saved: first those of some variables, in their order, then those of frozen ones. The tensors
   * stay the store's.
   */
  entries(variables: readonly Variable[]): [string, Tensor][] {
    this.sortOut();
    const entries = [...new Set([...variables, ...this.held.keys()])]
      .filter((variable) => this.held.has(variable))
      .map((variable): [string, Tensor] => [variable.name + suffix, this.held.get(variable)!]);
    const names = new Set(entries.map(([name]) => name));
    return [...entries, ...[...this.loaded].filter(([name]) => !names.has(name))];
  }

  /** Takes copies of velocities saved in some unit. They are matched with their variables at the next step. */
  load(entries: readonly [string, Tensor][], unit = this.unit): void {
    const own = this.unit;
    // The entries may be those that are disposed here.
    const loaded = entries.map(([name, tensor]): [string, Tensor] => [name, keep(clone(tensor))]);
    this.dispose();
    this.loaded = new Map(loaded);
    this.areNamed = null;
    this.unit = unit;
    this.countIn(own);
  }

  dispose(): void {
    for (const store of [this.held, this.loaded] as Map<unknown, Tensor>[]) {
      dispose([...store.values()]);
      store.clear();
    }
  }

  /** Whether an entry that was saved is a velocity. */
  static isVelocity(name: string): boolean {
    return name.endsWith(suffix);
  }

  private sortOut(): void {
    for (const [variable, tensor] of this.held) {
      if (!variable.isDisposed) continue;
      tensor.dispose();
      this.held.delete(variable);
    }
  }

  /**
   * Gives loaded velocities to variables: by name, or, where the first to come have other names, by position, as tfjs renames
   * the variables of a model that is loaded beside another one, and numbers those that have no name. The numbers in the new
   * names may overlap with the old: names that are all found, or none at another place, are believed.
   */
  private assignLoaded(variables: readonly Variable[]): void {
    const { loaded } = this;
    const byName = (variable: Variable): string | null => {
      const name = variable.name + suffix;
      return util.arraysEqual(loaded.get(name)?.shape ?? [NaN], variable.shape) ? name : null;
    };
    const places = [...loaded.keys()];
    const shapes = (of: readonly (Tensor | undefined)[]): string => of.map((x) => `[${x?.shape}]`).join(' ');
    if (this.areNamed == null) {
      const names = variables.map(byName);
      const numKnown = names.filter((name) => name != null).length;
      const haveNames = variables.some(({ name }) => !/^\d+$/.test(name));
      const areMoved = names.some((name, i) => name != null && name !== places[i]);
      const areShifted = areMoved && shapes([...loaded.values()]) === shapes(variables);
      this.areNamed = numKnown === variables.length || (numKnown > 0 && haveNames && !areShifted);
    }
    if (!this.areNamed) {
      const first = variables.map((_, i) => loaded.get(places[i]!));
      const expected = `variables shaped like those the loaded velocities belong to, ${shapes([...loaded.values()])}`;
      requireThat(shapes(first) === shapes(variables), 'NSGD', expected, shapes(variables));
    }
    variables.forEach((variable, i) => {
      const place = this.areNamed ? byName(variable) : places[i]!;
      if (place == null) return;
      this.held.set(variable, loaded.get(place)!);
      loaded.delete(place);
    });
  }
}

/** What velocities are counted in: a fixed η, or 1 for a schedule, which is told from η = 1 by its sign. */
export function unitOf(learningRate: Schedule): number {
  return typeof learningRate === 'number' ? learningRate : -1;
}
