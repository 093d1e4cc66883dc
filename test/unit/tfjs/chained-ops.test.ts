import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { registerChainedOps } from '../../../src/tfjs/chained-ops.js';
import { useBackend } from '../../wasm-backend.js';

it('lets recurrent layers build their default initializer without the union package', async () => {
  await useBackend('cpu');
  const build = (): void => {
    const lstm = layers.lstm({ units: 3, inputShape: [2, 2] });
    const model = sequential({ layers: [lstm] });
    model.dispose();
  };
  expect(build).toThrow(/is not a function/);
  registerChainedOps();
  expect(build).not.toThrow();
});
