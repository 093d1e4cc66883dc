import { CELLS, JOB, LONGEST_MESSAGE, viewsSource } from './control-block.js';

/**
 * Milliseconds for which a helper looks for the next job before it sleeps: short spins, because long ones lose on a busy
 * machine, but the long one as long as the next job has come within it, because to wake a thread takes 60 to 80 µs
 * on a virtual machine.
 */
const [SHORT_SPIN, LONG_SPIN] = [0.05, 0.2];

/**
 * What a helper runs: as text, because that is what a worker starts from whatever a bundler has made of this package. It takes
 * chunks (see control-block.ts) until it is told to stop. `job.ts` does the same on the calling thread.
 */
export const helperSource = `'use strict';
const node = typeof process === 'object' && typeof require === 'function' ? require('worker_threads') : null;
const prepare = ({ module, memory, buffer, id }) => {
  ${viewsSource}
  const functions = Object.values(new WebAssembly.Instance(module, { env: { memory } }).exports);
  const claim = ${CELLS.claims} + id;

  function run(chunk, numbers) {
    const end = ${JOB.first} + numbers[${JOB.arguments}];
    const args = Array.from(numbers.subarray(${JOB.first}, end));
    let at = end;
    for (let i = 0; i < numbers[${JOB.advances}]; i++, at += 2) args[numbers[at]] += chunk * numbers[at + 1];
    for (let i = 0; i < numbers[${JOB.blocks}]; i++, at += 3) {
      args[numbers[at]] = numbers[at + 1] + (id - 1) * numbers[at + 2];
    }
    const step = numbers[${JOB.step}];
    args[numbers[${JOB.sizeAt}]] = Math.min(step, numbers[${JOB.size}] - chunk * step);
    if (numbers[${JOB.clearAt}] >= 0) {
      new Uint8Array(memory.buffer, args[numbers[${JOB.clearAt}]], numbers[${JOB.clearBytes}]).fill(0);
    }
    functions[numbers[${JOB.function}]](...args);
  }

  function fail(error, number) {
    if (Atomics.exchange(cells, ${CELLS.failed}, number) === number) return;
    const text = String(error && error.message || error).slice(0, ${LONGEST_MESSAGE});
    for (let i = 0; i < text.length; i++) message[i] = text.charCodeAt(i);
    Atomics.store(cells, ${CELLS.messageLength}, text.length);
  }

  function takeChunk(state) {
    const numbers = job.slice();
    Atomics.store(cells, claim, state);
    if (Atomics.compareExchange(cells, ${CELLS.state}, state, state - 1) === state) {
      const number = state >> 8;
      const chunk = (state & 255) - 1;
      try {
        run(chunk, numbers);
      } catch (error) {
        fail(error, number);
      }
      Atomics.store(cells, ${CELLS.done} + chunk, number);
      if (Atomics.load(cells, ${CELLS.waiting}) === 1) Atomics.notify(cells, ${CELLS.done} + chunk);
    }
    Atomics.store(cells, claim, 0);
  }

  return () => {
    let idleSince = performance.now();
    let patience = ${SHORT_SPIN};
    while (Atomics.load(cells, ${CELLS.stop}) === 0) {
      const state = Atomics.load(cells, ${CELLS.state});
      const idle = performance.now() - idleSince;
      if ((state & 255) > 0) {
        patience = idle < ${LONG_SPIN} ? ${LONG_SPIN} : ${SHORT_SPIN};
        takeChunk(state);
        idleSince = performance.now();
      } else if (idle > patience) {
        Atomics.add(cells, ${CELLS.sleepers}, 1);
        Atomics.wait(cells, ${CELLS.state}, state);
        Atomics.sub(cells, ${CELLS.sleepers}, 1);
      }
    }
  };
};
const begin = (message) => {
  const work = prepare(message);
  if (node) node.parentPort.postMessage('ready');
  else postMessage('ready');
  work();
  if (!node) close();
};
if (node) begin(node.workerData);
else onmessage = ({ data }) => begin(data);
`;
