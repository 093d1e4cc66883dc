import type { Optimizer, Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { grad } from 'tfjs-curvature';
import { eightGaussians, SeededSampler } from './samples.js';

/** What the training is told. */
export interface WganSettings {
  readonly units: number;
  readonly batchSize: number;
  /** Steps of the critic for each of the generator. */
  readonly criticSteps: number;
  /** Weight of the gradient penalty. */
  readonly penalty: number;
  readonly seed: number;
}

const LATENT = 2;

/**
 * A Wasserstein GAN with gradient penalty (Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017) on eight Gaussians
 * in the plane. The critic's loss is
 *
 *     mean D(fake) − mean D(real) + penalty · mean (‖∂D/∂x‖ − 1)²   at points x between real and fake ones,
 *
 * and holds a gradient: its own gradient by the critic's weights is a second derivative.
 */
export class Wgan {
  readonly generator: Sequential;
  readonly critic: Sequential;
  private readonly sampler: SeededSampler;

  constructor(private readonly settings: WganSettings) {
    this.generator = net(LATENT, settings.units, 2, 'relu', settings.seed);
    this.critic = net(2, settings.units, 1, 'tanh', settings.seed + 50);
    this.sampler = new SeededSampler(settings.seed);
  }

  /** Points that the generator draws. The caller disposes them. */
  sample(count: number): Tensor2D {
    return tf.tidy(() => this.generator.apply(this.sampler.normal([count, LATENT])) as Tensor2D);
  }

  /** Some steps of the critic, then one of the generator. */
  step(criticOptimizer: Optimizer, generatorOptimizer: Optimizer): void {
    const { batchSize, criticSteps } = this.settings;
    for (let i = 0; i < criticSteps; i++) {
      tf.tidy(() => {
        const real = eightGaussians(this.sampler, batchSize);
        const fake = this.sample(batchSize);
        const share = this.sampler.uniform([batchSize, 1]);
        criticOptimizer.minimize(() => this.criticLoss(real, fake, share), false, variablesOf(this.critic));
      });
    }
    tf.tidy(() => {
      const noise = this.sampler.normal([batchSize, LATENT]);
      const loss = () => tf.neg(tf.mean(this.score(this.generator.apply(noise) as Tensor2D))) as Scalar;
      generatorOptimizer.minimize(loss, false, variablesOf(this.generator));
    });
  }

  /** The critic's loss on these points, with the penalty at real + share · (fake − real). */
  criticLoss(real: Tensor2D, fake: Tensor2D, share: tf.Tensor): Scalar {
    return tf.tidy(() => {
      const between = tf.add(real, tf.mul(share, tf.sub(fake, real)));
      const slope = grad((x) => this.score(x as Tensor2D))(between);
      const penalty = tf.mean(tf.square(tf.sub(tf.norm(slope, 2, 1), 1)));
      const distance = tf.sub(tf.mean(this.score(fake)), tf.mean(this.score(real)));
      return tf.add(distance, tf.mul(this.settings.penalty, penalty)) as Scalar;
    });
  }

  /** What the critic gives points [m, 2]: [m, 1]. */
  score(points: Tensor2D): Tensor2D {
    return this.critic.apply(points) as Tensor2D;
  }

  dispose(): void {
    this.generator.dispose();
    this.critic.dispose();
  }
}

function variablesOf(model: Sequential): Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as Variable);
}

function net(
  inputs: number,
  units: number,
  outputs: number,
  activation: 'relu' | 'tanh',
  seed: number,
): Sequential {
  const dense = (size: number, i: number, given?: 'relu' | 'tanh') =>
    layers.dense({
      units: size,
      activation: given,
      inputShape: i === 0 ? [inputs] : undefined,
      kernelInitializer: initializers.glorotUniform({ seed: seed + i }),
    });
  return sequential({
    layers: [dense(units, 0, activation), dense(units, 1, activation), dense(outputs, 2)],
  });
}
