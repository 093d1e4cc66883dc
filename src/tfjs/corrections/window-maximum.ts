import { dilationAxes } from '../kernels/dilation-geometry.js';
import { poolAxes } from '../kernels/pool-geometry.js';
import { maximaOverWindow } from '../kernels/window-maximum.js';
import { isStockWasmKernel, type Composition } from './correction.js';

/* These WASM kernels of TensorFlow.js 4.22 answer 0 for a window whose maximum is negative. */

export const windowMaximumCompositions: readonly Composition[] = [
  {
    kernel: 'MaxPool3D',
    insteadOf: () => isStockWasmKernel('MaxPool3D'),
    compute: ({ x }, attrs) => maximaOverWindow(x!, poolAxes(x!.shape, attrs)).maximum,
  },
  {
    kernel: 'Dilation2D',
    insteadOf: () => isStockWasmKernel('Dilation2D'),
    compute: ({ x, filter }, attrs) =>
      maximaOverWindow(x!, dilationAxes(x!.shape, filter!.shape, attrs), filter!).maximum,
  },
];
