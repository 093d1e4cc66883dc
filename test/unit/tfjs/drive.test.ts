import { scalar } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { SolverSteps } from '../../../src/tfjs/drive.js';
import { driveAsync } from '../../../src/tfjs/drive.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

/** So many readings, each after 10 ms in which nothing else can run. */
function* busy(readings: number): SolverSteps<void> {
  for (let i = 0; i < readings; i++) {
    const until = performance.now() + 10;
    while (performance.now() < until);
    yield scalar(i);
  }
}

it('gives way to timers and messages in each of its turns', async () => {
  let timers = 0;
  const every = setInterval(() => timers++, 1);
  const { port1, port2 } = new MessageChannel();
  let messages = 0;
  port1.onmessage = () => {
    messages++;
    port2.postMessage(null);
  };
  port2.postMessage(null);
  await driveAsync(busy(20), {}, 'busy');
  clearInterval(every);
  port1.close();
  expect(timers).toBeGreaterThan(10);
  expect(messages).toBeGreaterThan(10);
});
