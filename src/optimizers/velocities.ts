import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { clone, dispose, keep, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../errors.js';
import type { NamedTensor } from './named-tensor.js';

const suffix = '/velocity';

/**
 * The velocities of momentum, one tensor per variable, under the name of the variable.
 *
 * Kept by name and not by position, as the optimizers of TensorFlow.js do, so that they stay with their variable
 * when layers are frozen, unfrozen or added. Owns the tensors.
 */
export class Velocities {
  private readonly byName = new Map<string, Tensor>();
  /** Velocities read from a file, whose names may differ from those of the variables they belong to. */
  private loaded: NamedTensor[] = [];

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
    if (this.loaded.length > 0) this.assignLoaded(variables);
    for (const variable of variables) {
      if (this.byName.has(variable.name)) continue;
      this.byName.set(variable.name, keep(tidy(() => zerosLike(variable))));
    }
  }

  /** The velocities of some variables, in their order, to be saved. The tensors stay the store's. */
  entries(variables: readonly Variable[]): NamedTensor[] {
    if (this.loaded.length > 0) return [...this.loaded];
    return variables.flatMap(({ name }) => {
      const tensor = this.byName.get(name);
      return tensor == null ? [] : [{ name: name + suffix, tensor }];
    });
  }

  /** Takes copies of saved velocities. They are matched with their variables at the next step. */
  load(entries: readonly NamedTensor[]): void {
    // The entries may be those that are disposed here.
    const loaded = entries.map(({ name, tensor }) => ({ name, tensor: keep(clone(tensor)) }));
    this.dispose();
    this.loaded = loaded;
  }

  dispose(): void {
    dispose([...this.byName.values(), ...this.loaded.map(({ tensor }) => tensor)]);
    this.byName.clear();
    this.loaded = [];
  }

  /** Whether an entry that was saved is a velocity. */
  static isVelocity({ name }: NamedTensor): boolean {
    return name.endsWith(suffix);
  }

  /**
   * Matches by name where every variable finds its own, else by position: tfjs renames the variables of a model
   * that is loaded beside another one.
   */
  private assignLoaded(variables: readonly Variable[]): void {
    const saved = new Map(this.loaded.map(({ name, tensor }) => [name, tensor]));
    const found = variables.every((variable) => saved.has(variable.name + suffix))
      ? variables.map((variable) => saved.get(variable.name + suffix)!)
      : this.loaded.map(({ tensor }) => tensor);
    const fits =
      found.length === variables.length &&
      variables.every((variable, i) => String(variable.shape) === String(found[i]!.shape));
    if (!fits) {
      const shapes = (tensors: readonly Tensor[]): string =>
        tensors.map(({ shape }) => `[${shape}]`).join(' ');
      throw new CurvatureArgumentError(
        'NSGD',
        `variables shaped like those the loaded velocities belong to, ${shapes(this.loaded.map(({ tensor }) => tensor))}`,
        shapes(variables),
      );
    }
    variables.forEach((variable, i) => this.byName.set(variable.name, found[i]!));
    dispose(this.loaded.map(({ tensor }) => tensor).filter((tensor) => !found.includes(tensor)));
    this.loaded = [];
  }
}
