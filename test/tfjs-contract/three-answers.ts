import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { withCorrections } from '../../src/tfjs/corrections/execute.js';
import { runKernelWithOutputs } from '../../src/tfjs/kernels/run-kernel.js';
import { relativeError } from '../golden-case.js';
import type { StockFault } from './stock-faults.js';

/** What a kernel gives, or the error that it throws. */
type Answer = Float32Array | Error;

type Outputs = Tensor | Tensor[];

/** The one kernel of which it is not the output that is wrong. */
const writesIntoInput = (kernel: string): boolean => kernel === 'TensorScatterUpdate';

/**
 * What is right, by cpu or in closed form; what the backend gives; and what the correction makes of it.
 *
 * @param use makes a backend the current one
 */
export async function threeAnswers<B extends string>(
  { kernel, inputs, attrs = {}, output = 0, truth, after = (given) => given }: StockFault,
  backend: B,
  use: (name: B | 'cpu') => Promise<unknown>,
): Promise<{ right: Answer; stock: Answer; corrected: Answer }> {
  const stockKernel = (made: Record<string, Tensor>): Outputs =>
    tf.engine().runKernel(kernel, made, attrs as NamedAttrMap);
  const ask = async (run: (made: Record<string, Tensor>) => Outputs): Promise<Answer> => {
    try {
      const given = tf.tidy(() => {
        const made = inputs();
        const outputs = run(made);
        if (writesIntoInput(kernel)) return tf.clone(made.tensor!);
        return after(Array.isArray(outputs) ? outputs[output]! : outputs);
      });
      const values = Float32Array.from(await given.data());
      given.dispose();
      return values;
    } catch (error) {
      return error as Error;
    }
  };
  await use('cpu');
  const right = await ask(truth ?? stockKernel);
  await use(backend);
  const stock = await ask(stockKernel);
  const corrected = await ask((made) => withCorrections(() => runKernelWithOutputs(kernel, made, attrs)));
  return { right, stock, corrected };
}

/** How far an answer is from the right one, relative to its length; Infinity for an error or another shape. */
export function errorOf(given: Answer, right: Answer): number {
  const isComparable = !(given instanceof Error || right instanceof Error) && given.length === right.length;
  return isComparable ? relativeError(given, right) : Infinity;
}
