// What TensorFlow.js's own tests run on, and what is compared with what.

const cpu = { backend: 'cpu', imports: ['@tensorflow/tfjs-backend-cpu'] };
const wasm = { backend: 'wasm', imports: ['./wasm-binaries.ts'] };
const kernels = { backend: 'wasm', imports: [...wasm.imports, './with-kernels.ts'] };

/** On top of a configuration, `tf.grad` and its kin run on this package's tape. */
const onTape = ({ backend, imports }) => ({ backend, imports: [...imports, './with-tape.ts'] });

/** The modules that a run imports before the tests, and the backend it tests. */
export const configurations = {
  cpu,
  wasm,
  kernels,
  'tape-cpu': onTape(cpu),
  'tape-wasm': onTape(kernels),
};

/** `after` may lose no test that passes on `before`, but for those of `allowed-losses.mjs`. */
export const comparisons = [
  { before: 'wasm', after: 'kernels', what: 'forward and backward kernels of tfjs-curvature/wasm' },
  { before: 'cpu', after: 'tape-cpu', what: 'gradients over the tape, on cpu' },
  { before: 'kernels', after: 'tape-wasm', what: 'gradients over the tape, on wasm with the kernels' },
];
