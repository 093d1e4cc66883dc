import { dilationAxes } from '../kernels/windows.js';
import { poolAxes } from '../kernels/windows.js';
import { maximaOverWindow } from '../kernels/window-maximum.js';
import type { Correction } from './correction.js';

const why = 'answers 0 for a window whose maximum is negative';

export const windowMaximumCorrections: readonly Correction[] = [
  {
    kernel: 'MaxPool3D',
    backends: ['wasm'],
    why,
    compute: ({ x }, attrs) => maximaOverWindow(x!, poolAxes(x!.shape, attrs)).maximum,
  },
  {
    kernel: 'Dilation2D',
    backends: ['wasm'],
    why,
    compute: ({ x, filter }, attrs) =>
      maximaOverWindow(x!, dilationAxes(x!.shape, filter!.shape, attrs), filter!).maximum,
  },
];
