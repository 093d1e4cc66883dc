/** What a program on the site can import. A page downloads what its program names. */
const modules: Record<string, () => Promise<unknown>> = {
  '@tensorflow/tfjs-core': () => import('@tensorflow/tfjs-core'),
  '@tensorflow/tfjs-layers': () => import('@tensorflow/tfjs-layers'),
  '@tensorflow/tfjs-backend-cpu': () => import('@tensorflow/tfjs-backend-cpu'),
  '@tensorflow/tfjs-backend-webgl': () => import('@tensorflow/tfjs-backend-webgl'),
  '@tensorflow/tfjs-backend-wasm': async () => {
    const [backend, plain, simd, threaded] = await Promise.all([
      import('@tensorflow/tfjs-backend-wasm'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'),
    ]);
    backend.setWasmPaths({
      'tfjs-backend-wasm.wasm': plain.default,
      'tfjs-backend-wasm-simd.wasm': simd.default,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded.default,
    });
    return backend;
  },
  'tfjs-curvature': () => import('tfjs-curvature'),
  'tfjs-curvature/wasm': () => import('tfjs-curvature/wasm'),
  'tfjs-curvature/plot': () => import('tfjs-curvature/plot'),
  'tfjs-curvature/workers': () => import('tfjs-curvature/workers'),
};

/** The module of that name. */
export function moduleOf(name: string): Promise<unknown> {
  const load = modules[name];
  if (load == null) throw new Error(`this page has ${Object.keys(modules).join(', ')}; it has no ${name}`);
  return load();
}
