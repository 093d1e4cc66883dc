import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { aliasTensor, exchangeData } from '../tfjs/engine.js';
import { CurvatureArgumentError, requireThat } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { PresentValues } from '../variables.js';

/** Who moves which variables at present. One for all copies of this package that share a page or a process. */
const registry = Symbol.for('tfjs-curvature.parameterLeases');

function holders(): WeakMap<Variable, { readonly where: string }> {
  const shared = globalThis as { [registry]?: WeakMap<Variable, { readonly where: string }> };
  return (shared[registry] ??= new WeakMap());
}

/** The leases whose own values stand in the variables now, the innermost last. */
const entered: ParameterLease[] = [];

/**
 * Values of its own for some variables, for who measures a loss elsewhere than where the model stands.
 *
 * They stand in the variables only between {@link enter} and {@link leave}, which no `await` may separate: at any
 * other time the variables have the values of their owner, so that training, predictions and other measurements go on
 * undisturbed. Nothing is copied: the variables and the lease exchange their data.
 *
 * Who moves parameters holds them alone. Who only reads them holds a shared lease, which tells it of assignments.
 */
export class ParameterLease {
  private readonly variables: readonly Variable[];
  /** The data that is not in the variables: those of the lease; while it is entered, those of the owner. */
  private readonly others: readonly Tensor[];
  /** The data of the owner as the lease left them. */
  private readonly known: PresentValues;
  private isEntered = false;

  /**
   * @param where the public function to name in errors
   * @param kind `exclusive` for who moves the parameters
   * @throws CurvatureArgumentError if a variable is disposed, or for an exclusive lease if someone else holds one
   */
  constructor(
    { variables }: ParameterSpace,
    readonly where: string,
    private readonly kind: 'exclusive' | 'shared',
  ) {
    for (const variable of variables) {
      const { name } = variable;
      requireThat(!variable.isDisposed, where, 'variables that are not disposed', `'${name}', disposed`);
      const holder = kind === 'exclusive' ? holders().get(variable) : undefined;
      if (holder == null) continue;
      const received = `'${name}', held by ${holder.where} until it ends`;
      throw new CurvatureArgumentError(where, 'parameters that nobody else is moving', received);
    }
    this.variables = variables;
    this.known = new PresentValues(variables);
    this.others = variables.map((variable) => aliasTensor(variable));
    if (kind === 'exclusive') for (const variable of variables) holders().set(variable, this);
  }

  /**
   * Puts the values of the lease into the variables.
   *
   * @throws CurvatureArgumentError if someone else has assigned to a variable or disposed it; nothing is changed then
   */
  enter(): void {
    this.known.requireCurrent(this.where, '; its new value was kept');
    entered.push(this);
    this.isEntered = true;
    this.exchange();
  }

  /** Gives the variables back the values of their owner, bit for bit. Harmless where it is not entered. */
  leave(): void {
    if (!this.isEntered) return;
    this.isEntered = false;
    entered.splice(entered.lastIndexOf(this), 1);
    this.exchange();
  }

  /** Sets the values of the lease, which is entered, to those of the owner. */
  rewind(): void {
    this.variables.forEach((variable, i) => variable.assign(this.others[i]!));
  }

  /** Ends the lease. */
  release(): void {
    this.leave();
    for (const other of this.others) other.dispose();
    if (this.kind === 'exclusive') for (const variable of this.variables) holders().delete(variable);
  }

  /** What has been disposed is left alone: nobody is to find it alive again. */
  private exchange(): void {
    this.variables.forEach((variable, i) => {
      if (!variable.isDisposed) exchangeData(variable, this.others[i]!);
    });
  }
}

/** Runs the code of the user, such as a progress report, with the user's own values in all variables. */
export function outsideLeases<T>(f: () => T): T {
  const leases = [...entered];
  for (const lease of [...leases].reverse()) lease.leave();
  try {
    return f();
  } finally {
    for (const lease of leases) lease.enter();
  }
}
