import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { opCases } from './cases/all.js';
import { corrections } from '../../../../src/tfjs/corrections/list.js';
import { findRule, hasOwnRule } from '../../../../src/autodiff/rules/registry.js';
import '../../../../src/autodiff/linearize.js';

interface Row {
  state: string;
  replaced: string;
}

const page = readFileSync(join(import.meta.dirname, '../../../../docs/ops.md'), 'utf8');

/** The rows of the table of kernels on the page. */
const table = new Map<string, Row>(
  [...page.matchAll(/^\| (\w+) +\| (rule|constant|discrete|throws) +\|[^|]*\| *([^|]*?) *\|$/gm)].map(
    ([, kernel, state, replaced]) => [kernel!, { state: state!, replaced: replaced! }],
  ),
);

/** The kernels TensorFlow.js names, those its backends register, and those it has a gradient for. */
function registry(): Set<string> {
  const names = Object.entries(tf)
    .filter(([name, value]) => typeof value === 'string' && /^_?[A-Z][A-Za-z0-9]*$/.test(name))
    .map(([, value]) => value as unknown as string);
  const registered = ['cpu', 'wasm'].flatMap((backend) =>
    tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName),
  );
  return new Set([...names, ...registered].filter((name) => /^_?[A-Z]\w*$/.test(name)));
}

/** Rules that are exercised as parts of others (backward kernels), or in absent-kernels.test.ts. */
const coveredByOthers = new Set([
  'AvgPool3DGrad',
  'AvgPoolGrad',
  'BroadcastTo',
  'Conv2DBackpropFilter',
  'Conv3DBackpropFilterV2',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'LogSoftmax',
  'ResizeBilinearGrad',
  'ResizeNearestNeighborGrad',
]);

describe('docs/ops.md', () => {
  it('lists every kernel of the registry', () => {
    const missing = [...registry()].filter((kernel) => !table.has(kernel));
    expect(missing).toEqual([]);
  });

  it.each([...table])('tells the truth about %s', (kernel, { state, replaced }) => {
    expect(hasOwnRule(kernel)).toBe(state === 'rule');
    expect(findRule(kernel) === 'constant').toBe(state === 'constant');
    if (corrections.find(kernel) != null && replaced === '') expect(isOnlyForGpu(kernel)).toBe(true);
    if (replaced !== '') expect(corrections.find(kernel)).not.toBeNull();
  });

  it('leaves no gradient of TensorFlow.js in use but for discrete and complex kernels', () => {
    const stock = [...table].filter(
      ([kernel, { state }]) => tf.getGradient(kernel) != null && state !== 'rule' && state !== 'constant',
    );
    expect(stock.filter(([, { state }]) => state !== 'discrete').map(([kernel]) => kernel)).toEqual([
      'ComplexAbs',
    ]);
  });
});

/** Whether a correction leaves the kernel of cpu alone. */
function isOnlyForGpu(kernel: string): boolean {
  const { backends = [] } = corrections.find(kernel)!;
  return backends !== 'all' && !backends.includes('cpu');
}

describe('the cases of ops.test.ts', () => {
  const covered = new Set(opCases.map(({ kernel }) => kernel));

  it('cover every rule', () => {
    const ruled = [...table].filter(([, { state }]) => state === 'rule').map(([kernel]) => kernel);
    expect(ruled.filter((kernel) => !covered.has(kernel) && !coveredByOthers.has(kernel))).toEqual([]);
  });
});
