import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';
import { add, keep, mul, tidy } from '@tensorflow/tfjs-core';
import { evaluateTerm, linearizeObjective } from '../objectives/linearize-objective.js';
import type { Objective } from '../objectives/objective.js';
import type { ParameterSpace } from '../parameters.js';
import type { MinibatchStream, SubObjective } from './loss-source.js';

/** L(θ) at the present variables, with nothing disturbed. The caller disposes it. */
export function lossOf(objective: Objective): Scalar {
  const sum = tidy(() =>
    objective.terms
      .map((term) =>
        tidy(
          () =>
            mul(
              evaluateTerm(objective, () => term.loss()),
              term.weight,
            ) as Scalar,
        ),
      )
      .reduce((total, part) => add(total, part)),
  );
  return keep(sum);
}

/** ∇L(θ) [n] at the present variables, with nothing disturbed. The caller or the innermost tidy disposes it. */
export function gradientOf(objective: Objective, where: string): Tensor1D {
  const linearization = linearizeObjective(objective, false, where);
  try {
    return linearization.gradient.clone();
  } finally {
    linearization.dispose();
  }
}

/** Assigns one flat vector [n] to the parameters; it is disposed, with all that `place` makes. */
export function moveTo(parameters: ParameterSpace, place: () => Tensor1D): void {
  tidy(() => parameters.write(place()));
}

/** The gradient [n] of a part, which is disposed. The caller or the innermost tidy disposes the gradient. */
export function takeGradient(part: SubObjective, where: string): Tensor1D {
  try {
    return gradientOf(part.objective, where);
  } finally {
    part.dispose();
  }
}

/** The gradient [n] of the next minibatch, owned by the caller or the innermost tidy. */
export function nextGradient(stream: MinibatchStream, where: string): Tensor1D {
  return takeGradient(stream.draw(), where);
}
