import { tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { materialize } from '../../../src/operators/materialize.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

it('materialize can be stopped by a timer, which needs a turn of its own', async () => {
  const n = 320;
  const whole = matrixOperator(tensor2d(new Float32Array(n * n), [n, n]));
  let products = 0;
  const slow = {
    ...{ size: n, dispose: () => {} },
    matvec: (v: Parameters<typeof whole.matvec>[0]) => {
      products++;
      const until = performance.now() + 2;
      while (performance.now() < until);
      return whole.matvec(v);
    },
  };
  // The products alone take 640 ms.
  await expect(materialize(slow, { signal: AbortSignal.timeout(20) })).rejects.toThrow(/timeout/);
  expect(products).toBeLessThan(n);
});
