import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linearize } from '../../../../src/autodiff/linearize.js';
import { grad } from '../../../../src/autodiff/transforms/grad.js';
import { registerWasmTrainingKernels } from '../../../../src/wasm/index.js';
import { expectDerivatives } from '../../../kinks/expectations.js';
import { flatCases, flatHostCases } from '../../../kinks/flat-cases.js';
import { poolingCases } from '../../../kinks/pooling-cases.js';
import { hostCases, sideCases } from '../../../kinks/side-cases.js';
import { smoothCases } from '../../../kinks/smooth-cases.js';
import { useBackend } from '../../../wasm-backend.js';

// The values are of size 1 to 20 and come out of a handful of float32 operations, some of them exp and log.
const tolerance = 1e-5;

describe.each([
  ['cpu', false],
  ['wasm', false],
  ['wasm', true],
] as const)(
  'derivatives where pieces meet, on %s (kernels of this package: %s)',
  (backend, withOurKernels) => {
    let undo: (() => void) | null = null;
    beforeAll(async () => {
      await useBackend(backend);
      if (withOurKernels) undo = await registerWasmTrainingKernels();
    });
    afterAll(() => undo?.());

    it.each(
      [...smoothCases, ...sideCases, ...flatCases, ...flatHostCases, ...poolingCases, ...hostCases].map(
        (kinkCase) => [kinkCase.name, kinkCase] as const,
      ),
    )('%s', (_, kinkCase) => expectDerivatives(kinkCase, tolerance));

    it('is that of aᵇ along the exponent also where the exponent is 0, and 1 in the second derivative', () => {
      const along = (a: number) => (b: tf.Tensor) => grad((base) => tf.pow(base, b))(tf.scalar(a));
      // ∂/∂b (b aᵇ⁻¹) = aᵇ⁻¹ (1 + b log a), and of b (b - 1) aᵇ⁻² at b = 1: 1/a.
      const twice = (b: tf.Tensor) => grad((a) => grad((base) => tf.pow(base, b))(a))(tf.scalar(4));
      const slopes = tf.tidy(() => [
        ...[-3, 2].map((a) => grad(along(a))(tf.scalar(0)).dataSync()[0]!),
        grad(twice)(tf.scalar(1)).dataSync()[0]!,
      ]);
      [-1 / 3, 1 / 2, 1 / 4].forEach((slope, i) => expect(slopes[i]).toBeCloseTo(slope, 6));
    });

    it('is infinite where sqrt is 0, and no number in the norm of zeros: neither has a finite slope', async () => {
      const variable = tf.variable(tf.tensor1d([0, 4]));
      const ofRoot = linearize(() => tf.sum(tf.sqrt(variable)), [variable]);
      expect(Array.from(await ofRoot.gradient.data())).toEqual([Infinity, 0.25]);
      ofRoot.dispose();
      variable.assign(tf.tensor1d([0, 0]));
      const ofNorm = linearize(() => tf.norm(variable), [variable]);
      expect(Array.from(await ofNorm.gradient.data())).toEqual([NaN, NaN]);
      ofNorm.dispose();
      variable.dispose();
    });

    it('stays no number where the value is none', async () => {
      const cases: [string, (x: tf.Tensor) => tf.Tensor][] = [
        ['abs', tf.abs],
        ['relu', tf.relu],
        ['max', (x) => tf.max(x)],
        ['min', (x) => tf.min(x)],
        ['maximum', (x) => tf.maximum(x, 0)],
        ['maximum of a number', (x) => tf.maximum(0, x)],
        ['minimum', (x) => tf.minimum(x, 0)],
        ['maximum with another variable', (x) => tf.maximum(x, tf.square(x))],
        ['clipByValue', (x) => tf.clipByValue(x, 0, 1)],
      ];
      for (const [name, f] of cases) {
        const variable = tf.variable(tf.tensor1d([NaN, 1]));
        const linearization = linearize(() => tf.sum(f(variable)), [variable]);
        // Kernels of WASM make a number of it in some of these.
        const isNone = tf.tidy(() => Number.isNaN(f(variable).dataSync()[0]));
        const slope = (await linearization.gradient.data())[0]!;
        if (isNone) expect(slope, name).toBeNaN();
        else expect(backend, name).toBe('wasm');
        linearization.dispose();
        variable.dispose();
      }
    });

    it('is exactly the slope of the piece away from ties', async () => {
      // 0.1 rounds, so that a slope that is off by a bit shows; no point lies on a kink.
      const points = Array.from({ length: 200 }, (_, i) => Math.fround(0.1 * (i - 100) + 0.05));
      const weights = points.map((_, i) => Math.fround(0.1 + 0.3 * i));
      const alpha = Math.fround(0.3);
      const pieces: [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number][] = [
        ['abs', tf.abs, Math.sign],
        ['relu', tf.relu, (x) => (x > 0 ? 1 : 0)],
        ['relu6', tf.relu6, (x) => (x > 0 && x < 6 ? 1 : 0)],
        ['clipByValue', (x) => tf.clipByValue(x, -1, 2), (x) => (x > -1 && x < 2 ? 1 : 0)],
        ['leakyRelu', (x) => tf.leakyRelu(x, alpha), (x) => (x > 0 ? 1 : alpha)],
        ['maximum', (x) => tf.maximum(x, 1), (x) => (x > 1 ? 1 : 0)],
        ['minimum', (x) => tf.minimum(1, x), (x) => (x < 1 ? 1 : 0)],
      ];
      for (const [name, f, slope] of pieces) {
        const variable = tf.variable(tf.tensor1d(points));
        const loss = (): tf.Tensor => tf.sum(tf.mul(f(variable), tf.tensor1d(weights)));
        const linearization = linearize(loss, [variable]);
        // + 0: −0 and 0 are one number.
        const wanted = points.map((x, i) => Math.fround(weights[i]! * slope(x)) + 0);
        const gradient = Array.from(await linearization.gradient.data()).map((value) => value + 0);
        expect(gradient, name).toEqual(wanted);
        linearization.dispose();
        variable.dispose();
      }
    });
  },
);
