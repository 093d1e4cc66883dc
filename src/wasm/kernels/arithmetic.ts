import { Add, Multiply, Sub, type TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../heap.js';
import { floatKernel, type TrainingKernel } from '../kernel.js';

type RowFunction = 'addRows' | 'subtractRows' | 'multiplyRows' | 'multiplyNoNanRows';

/**
 * A sum, difference or product of equal shapes, of a tensor and one whose shape is the end of its shape (a bias), or of a
 * tensor and a number. Stock hands shapes over as arrays at each call, which a small tensor's arithmetic does not pay
 * for: at 128 × 64 it takes 1.2 to 2 times as long, and a product over the tape is a thousand such calls. Other
 * broadcasts, rows of 2 or 3 and other types stay with the stock kernel.
 */
function arithmetic(kernelName: string, name: RowFunction): TrainingKernel {
  return floatKernel(kernelName, ['a', 'b'], (heap, { a, b }) => {
    const [sizeA, sizeB] = [sizeOf(a), sizeOf(b)];
    const [long, short] = sizeA >= sizeB ? [a, b] : [b, a];
    const cols = Math.min(sizeA, sizeB);
    if (!endsWith(long, short) || ((cols === 2 || cols === 3) && sizeA !== sizeB)) return null;
    const out = heap.output(long.shape);
    const rows = cols === 0 ? 0 : Math.max(sizeA, sizeB) / cols;
    const rowBytes = 4 * cols;
    const [aRow, bRow] = [sizeA === cols ? 0 : rowBytes, sizeB === cols ? 0 : rowBytes];
    heap.functions[name](heap.pointer(a), aRow, heap.pointer(b), bRow, heap.pointer(out), rows, cols);
    return out;
  });
}

function endsWith(long: TensorInfo, short: TensorInfo): boolean {
  const offset = long.shape.length - short.shape.length;
  if (offset < 0) return false;
  for (let i = 0; i < short.shape.length; i++) if (short.shape[i] !== long.shape[i + offset]) return false;
  return true;
}

export const add = arithmetic(Add, 'addRows');
export const sub = arithmetic(Sub, 'subtractRows');
export const multiply = arithmetic(Multiply, 'multiplyRows');

/** A kernel that TensorFlow.js does not have: the differentiation of this package asks for it by name, for equal shapes. */
export const multiplyNoNan = arithmetic('tfjs-curvature/MultiplyNoNan', 'multiplyNoNanRows');
