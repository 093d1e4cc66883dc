import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';
import { memory } from '@tensorflow/tfjs-core';
import { requireFinite } from '../autodiff/finite.js';
import type { Linearization } from '../autodiff/linearize.js';
import { linearizeObjective } from '../objectives/linearize-objective.js';
import type { Objective } from '../objectives/objective.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { magnitudeOfTerms } from '../operators/magnitude.js';
import { requireEngine } from '../tfjs/engine.js';

const where = 'ShardWorker';

/** The Hessian of a shard: a `HessianOperator` with as many tapes as those of the other shards of its worker leave room for. */
export class ShardOperator implements LinearOperator {
  readonly size: number;
  /** Bytes that tapes, loss and gradient hold on the device. */
  bytes = 0;
  private linearization: Linearization | null = null;

  /** @param room asked for the bytes of tapes that there is room for, while this one has none */
  constructor(
    private readonly objective: Objective,
    private readonly room: () => number,
  ) {
    this.size = objective.parameters.size;
    this.current();
  }

  /** L(θ), owned by the caller. */
  loss(): Scalar {
    return this.current().loss.clone();
  }

  /** ∇L(θ) [n], owned by the caller. */
  gradient(): Tensor1D {
    return this.current().gradient.clone();
  }

  /** Hv [n] at the present values of the variables, owned by the caller. */
  matvec(v: Tensor1D): Tensor1D {
    const current = this.current();
    current.parameters.requireVector(v, `${where}.service.product`);
    requireFinite(v, `${where}.service.product`, 'a vector of finite numbers');
    return current.hvp(v);
  }

  /** See `LinearOperator.magnitude`. */
  magnitude(): number {
    return magnitudeOfTerms(this.size, this.current());
  }

  dispose(): void {
    this.linearization?.dispose();
    this.linearization = null;
    this.bytes = 0;
  }

  private current(): Linearization {
    if (this.linearization?.isCurrent() === true) return this.linearization;
    this.dispose();
    requireEngine(where);
    const room = this.room();
    const before = memory().numBytes;
    const linearization = linearizeObjective(this.objective, room > 0 && 'auto', where, room);
    try {
      requireFinite(linearization.loss, where, 'a loss that is finite at the present variables');
    } catch (error) {
      linearization.dispose();
      throw error;
    }
    this.bytes = memory().numBytes - before;
    this.linearization = linearization;
    return linearization;
  }
}
