import type { Tensor } from '@tensorflow/tfjs-core';
import { clone, keep, reshape } from '@tensorflow/tfjs-core';
import type { CustomGradientCall, KernelCall } from './engine.js';
import { engineInternals } from './engine.js';
import { patchEngine } from './patches.js';

/** Activations that turn logits into probabilities, and what their kernels call the logits. */
const logitsOf = { Sigmoid: 'x', Softmax: 'logits' } as const;

export type ProbabilityKernel = keyof typeof logitsOf;

/** The logits that a tensor of probabilities was made of; null where no such kernel of its own made it. */
export type LogitsBehind = (probabilities: Tensor, kernel: ProbabilityKernel) => Tensor | null;

interface Origin {
  readonly kernel: ProbabilityKernel;
  readonly logits: Tensor;
}

/**
 * Runs `f`, which may ask for the logits behind what it has computed: probabilities that round to 0 and 1 do not tell them. They
 * are new tensors of the innermost tidy, and as much on a tape as the probabilities. All logits met live until `f` returns.
 */
export function withLogitsBehind<T>(f: (logitsBehind: LogitsBehind) => T): T {
  const engine = engineInternals();
  const runKernelFunc = engine.runKernelFunc.bind(engine);
  const origins = new Map<number, Origin>();
  const held: Tensor[] = [];
  const note = (call: KernelCall | CustomGradientCall, output: Tensor): void => {
    // The gradient that it brings is that of its inputs, not of what it has run.
    if (!('kernelName' in call)) return void origins.delete(output.id);
    const origin = originOf(call, output, origins);
    if (origin == null) return;
    held.push(keep(origin.logits));
    origins.set(output.id, origin);
  };
  const unpatch = patchEngine({
    runKernelFunc: (call) => {
      const result = runKernelFunc(call);
      if (engine.state.kernelDepth === 0 && !Array.isArray(result)) note(call, result);
      return result;
    },
  });
  try {
    return f((probabilities, kernel) => {
      const origin = origins.get(probabilities.id);
      return origin?.kernel === kernel ? clone(origin.logits) : null;
    });
  } finally {
    unpatch();
    for (const logits of held) logits.dispose();
  }
}

/** Where the output of a kernel comes from, with new logits. */
function originOf(
  { kernelName, inputs }: KernelCall,
  output: Tensor,
  origins: ReadonlyMap<number, Origin>,
): Origin | null {
  if (kernelName === 'Sigmoid' || kernelName === 'Softmax') {
    return { kernel: kernelName, logits: clone(inputs[logitsOf[kernelName]]!) };
  }
  if (kernelName !== 'Reshape' && kernelName !== 'Identity') return null;
  const origin = origins.get(inputs.x!.id);
  if (origin == null) return null;
  // A softmax is one over the last axis.
  const isWhole = origin.kernel === 'Sigmoid' || output.shape.at(-1) === origin.logits.shape.at(-1);
  return isWhole ? { ...origin, logits: reshape(origin.logits, output.shape) } : null;
}
