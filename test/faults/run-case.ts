import * as tf from '@tensorflow/tfjs-core';
import type { Case, Fixture } from './cases.js';
import type { Outcome } from './fault-injection.js';
import { faults } from './fault-injection.js';

/** The numbers of a result, tensors read and disposed. */
function digest(value: unknown): unknown {
  if (value instanceof tf.Variable) return value.arraySync();
  if (value instanceof tf.Tensor) {
    const numbers = Array.from(value.dataSync());
    value.dispose();
    return numbers;
  }
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (Array.isArray(value)) return value.map(digest);
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? null : value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, digest(part)]));
}

/** One run of a case, with the i-th call of what can throw failing. What it owns is gone when it ends. */
export async function runCase(
  use: Case,
  f: Fixture,
  failing = Infinity,
  hooks: { readonly onProgress?: () => void; readonly signal?: AbortSignal } = {},
): Promise<{ outcome: Outcome<unknown>; calls: number }> {
  const owned: { dispose(): unknown }[] = [];
  const own = <T extends { dispose(): unknown }>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  const { onProgress, ...others } = hooks;
  const report = (): void => {
    faults.tick('progress');
    onProgress?.();
  };
  const { outcome, calls } = await faults.run(failing, () => use(f, own, { ...others, onProgress: report }));
  const result = 'value' in outcome ? { value: digest(outcome.value) } : outcome;
  for (const resource of owned.reverse()) resource.dispose();
  return { outcome: result, calls };
}

/** The bits of all weights. */
export const weightsOf = ({ model, variable }: Fixture): number[][] =>
  [...model.getWeights(), variable].map((weight) => [
    ...new Uint32Array(Float32Array.from(weight.dataSync()).buffer),
  ]);

/** Puts the weights back to some that were there before. */
export function setWeights({ model, variable }: Fixture, to: readonly tf.Tensor[]): void {
  model.setWeights(to.slice(0, -1));
  variable.assign(to.at(-1)!);
}
