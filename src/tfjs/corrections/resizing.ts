import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { eye } from '@tensorflow/tfjs-core';
import { matMul, reshape } from '../kernels/kernel-ops.js';
import type { Correction } from './correction.js';
import { runKernel, type KernelInputs } from '../kernels/run-kernel.js';

/**
 * The adjoint of resizing, X̄ = Aᵀ Ȳ B for Y = A X Bᵀ with the interpolation matrices A and B of the two axes. Used
 * on every backend: the backward kernels of TensorFlow.js 4.22 go astray for more than one image, for images that
 * are not square, and for half-pixel centers.
 *
 * The matrix of an axis is what the forward kernel makes of the unit vectors, so that the two agree on rounding.
 */
function resizeAdjoint(resize: string): Correction['compute'] {
  return ({ dy, images }: KernelInputs, attrs: NamedAttrMap): Tensor => {
    const [batch, height, width, channels] = images!.shape as [number, number, number, number];
    const [, newHeight, newWidth] = dy!.shape as [number, number, number, number];
    const interpolation = (from: number, to: number): Tensor => {
      const units = reshape(eye(from), [1, from, 1, from]);
      const resized = runKernel(resize, { images: units }, { ...attrs, size: [to, 1] });
      return reshape(resized, [1, to, from]);
    };
    const rows = matMul(
      interpolation(height, newHeight),
      reshape(dy!, [batch, newHeight, newWidth * channels]),
      true,
    );
    const columns = matMul(
      interpolation(width, newWidth),
      reshape(rows, [batch * height, newWidth, channels]),
      true,
    );
    return reshape(columns, images!.shape);
  };
}

function adjointOf(resize: string): Correction {
  return {
    kernel: `${resize}Grad`,
    backends: 'all',
    why: 'goes astray for more than one image, for images that are not square, and for half-pixel centers',
    compute: resizeAdjoint(resize),
  };
}

export const resizingCorrections: readonly Correction[] = [
  adjointOf('ResizeBilinear'),
  adjointOf('ResizeNearestNeighbor'),
];
