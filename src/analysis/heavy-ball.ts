import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add, keep, mul, tidy } from '@tensorflow/tfjs-core';
import type { ParameterSpace } from '../parameters.js';
import { moveTo, nextGradient } from './loss-and-gradient.js';
import type { MinibatchStream } from './loss-source.js';

/** SGD with momentum on minibatches: m ← μm − ηg, θ ← θ + m. Owns m. */
export class HeavyBall {
  private velocity: Tensor1D | null = null;

  constructor(
    private readonly parameters: ParameterSpace,
    private readonly stream: MinibatchStream,
    private readonly settings: { readonly learningRate: number; readonly momentum: number },
  ) {}

  /** Draws a minibatch and moves the parameters. */
  step(): void {
    const { parameters, settings, velocity: last } = this;
    const velocity = tidy(() => {
      const descent = mul(nextGradient(this.stream, 'noiseGrid'), -settings.learningRate) as Tensor1D;
      const sum = last == null ? descent : (add(mul(last, settings.momentum), descent) as Tensor1D);
      moveTo(parameters, () => add(parameters.read(), sum));
      return keep(sum);
    });
    this.velocity = settings.momentum > 0 ? velocity : null;
    if (settings.momentum === 0) velocity.dispose();
    last?.dispose();
  }

  dispose(): void {
    this.velocity?.dispose();
    this.velocity = null;
  }
}
