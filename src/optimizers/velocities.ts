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
  /** Whether no step has been taken since these were loaded. */
  private areFresh = false;

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
    this.areFresh = true;
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
   * Gives loaded velocities to variables of their name and shape. The variables of the first step after loading may have
   * other names altogether, or shifted ones where tfjs has numbered them: then all are matched by position.
   */
  private assignLoaded(variables: readonly Variable[]): void {
    const { loaded, areFresh } = this;
    const found = new Map<Variable, string>();
    const taken = new Set<string>();
    // Those with the very name first.
    for (const stem of [(name: string) => name, withoutNumber]) {
      for (const variable of variables) {
        const name = [...loaded.keys()].find(
          (key) =>
            !taken.has(key) &&
            stem(key.slice(0, -suffix.length)) === stem(variable.name) &&
            util.arraysEqual(loaded.get(key)!.shape, variable.shape),
        );
        if (name == null || found.has(variable)) continue;
        found.set(variable, name);
        taken.add(name);
      }
    }
    const byNumber = [...found.keys()].every(({ name }) => /^\d+$/.test(name));
    if (areFresh && byNumber && found.size < variables.length) {
      const first = [...loaded].slice(0, variables.length);
      const shapes = (of: readonly Tensor[]): string => of.map(({ shape }) => `[${shape}]`).join(' ');
      const fits = shapes(first.map(([, tensor]) => tensor)) === shapes(variables);
      if (fits) variables.forEach((variable, i) => found.set(variable, first[i]![0]));
      const expected = `variables shaped like those the loaded velocities belong to, ${shapes([...loaded.values()])}`;
      requireThat(found.size > 0, 'NSGD', expected, shapes(variables));
    }
    this.areFresh = false;
    for (const [variable, name] of found) {
      this.held.set(variable, loaded.get(name)!);
      loaded.delete(name);
    }
  }
}

/** A name without the number that tfjs-layers gives the second variable of a name, as of a model that is loaded twice. */
function withoutNumber(name: string): string {
  return name.replace(/_\d+$/, '');
}

/** What velocities are counted in: a fixed η, or 1 for a schedule, which is told from η = 1 by its sign. */
export function unitOf(learningRate: Schedule): number {
  return typeof learningRate === 'number' ? learningRate : -1;
}
