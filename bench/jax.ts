import type * as Jax from '@jax-js/jax';
import { now } from './clock.js';
import { BATCH } from './models.js';

/** M1 in jax-js: milliseconds of one compiled gradient, `jvp(grad)` and product of its `linearize`. */
export interface JaxTimers {
  gradient(): Promise<number>;
  jvpOfGradient(): Promise<number>;
  linearized(): Promise<number>;
}

/** jax-js on its WASM backend; null where `@jax-js/jax` is not installed. */
export async function loadJax(): Promise<typeof Jax | null> {
  // jax-js asks navigator for the number of cores; Node 20 has none.
  if (typeof navigator === 'undefined') {
    Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 1 } });
  }
  const jax = await import('@jax-js/jax').catch(() => null);
  if (jax === null) return null;
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return jax;
}

/** null where `@jax-js/jax` is not installed. */
export async function startJax(): Promise<JaxTimers | null> {
  const jax = await loadJax();
  if (jax === null) return null;
  const { numpy: np, nn, random, tree, grad, jit, jvp, linearize } = jax;
  type Arrays = InstanceType<typeof jax.Array>[];

  const sizes = [784, 256, 128, 10];
  const shapes = sizes.slice(1).flatMap((out, i) => [[sizes[i] as number, out], [out]]);
  const normal = (seed: number): Arrays =>
    shapes.map((shape, i) => random.normal(random.key(seed + i), shape).mul(0.05));
  const [params, direction] = [normal(1), normal(50)];
  const x = random.normal(random.key(99), [BATCH, 784]);
  const y = nn.oneHot(np.arange(BATCH).astype(np.int32).mod(10), 10);
  const loss = (p: Arrays) => {
    const [w1, b1, w2, b2, w3, b3] = p as [Arrays[0], Arrays[0], Arrays[0], Arrays[0], Arrays[0], Arrays[0]];
    const h1 = nn.relu(np.dot(x.ref, w1!).add(b1!));
    const h2 = nn.relu(np.dot(h1, w2!).add(b2!));
    const logits = np.dot(h2, w3!).add(b3!);
    return nn
      .logSoftmax(logits)
      .mul(y.ref)
      .sum()
      .mul(-1 / BATCH);
  };
  const gradient = jit(grad(loss));
  const product = jit((p: Arrays, v: Arrays) => jvp(grad(loss), [p], [v])[1]);
  const timed = async (run: () => Arrays) => {
    const start = now();
    const result = run();
    await jax.blockUntilReady(result);
    const elapsed = now() - start;
    tree.dispose(result);
    return elapsed;
  };
  const [value, push] = linearize(grad(loss), [tree.ref(params)]);
  tree.dispose(value);
  const kept = jit(push);
  return {
    gradient: () => timed(() => gradient(tree.ref(params)) as Arrays),
    jvpOfGradient: () => timed(() => product(tree.ref(params), tree.ref(direction)) as Arrays),
    linearized: () => timed(() => kept(tree.ref(direction)) as Arrays),
  };
}
