import type { Tensor } from '@tensorflow/tfjs-core';
import { concat, pad, reshape } from './kernel-ops.js';
import { takeEvery } from './spread.js';
import { convolutionAxes } from './windows.js';

/**
 * What a two-dimensional convolution multiplies its filter by: for each image and each place of the window the numbers
 * in it, in the order of the filter.
 *
 * @param x images [N, H, W, C]
 * @param filterShape [h, w, C, …]
 * @param attrs of the convolution, channels last
 * @returns [N, places, h·w·C]
 */
export function windowRows(x: Tensor, filterShape: readonly number[], attrs: object): Tensor {
  const axes = convolutionAxes(x.shape, filterShape, attrs);
  const [rows, columns] = axes as [(typeof axes)[number], (typeof axes)[number]];
  const padded = pad(x, [
    [0, 0],
    [rows.before, rows.after],
    [columns.before, columns.after],
    [0, 0],
  ]);
  const cells: Tensor[] = [];
  for (let i = 0; i < rows.window; i++) {
    const line = takeEvery(padded, 1, rows.stride, rows.count, i * rows.dilation);
    for (let j = 0; j < columns.window; j++) {
      cells.push(takeEvery(line, 2, columns.stride, columns.count, j * columns.dilation));
    }
  }
  return reshape(concat(cells, 3), [x.shape[0]!, rows.count * columns.count, -1]);
}
