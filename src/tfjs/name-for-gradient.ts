import type { KernelCall } from './engine.js';
import { engineInternals } from './engine.js';

/** The scopes of the ops in which `tf.divNoNan` divides: the quotient, which it then replaces by 0 where b = 0. */
const quotientOrZero = ['divNoNan__op', 'div__op'];

/** The name that a kernel's rule goes by, while it runs: a quotient inside of `tf.divNoNan` has one of its own. */
export function nameForGradient({ kernelName }: KernelCall): string {
  if (kernelName !== 'RealDiv') return kernelName;
  const scopes = engineInternals().state.scopeStack.slice(-2);
  const isInside = quotientOrZero.every((name, i) => scopes[i]?.name === name);
  return isInside ? 'tfjs-curvature/DivNoNan' : kernelName;
}
