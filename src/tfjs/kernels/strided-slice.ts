import { slice_util } from '@tensorflow/tfjs-core';

interface StridedSliceAttributes {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

/** What the kernel StridedSlice takes of an input. */
export interface StridedEntries extends slice_util.SliceInfo {
  /** How many entries it takes along each axis of the input. */
  readonly counts: number[];
  /** The lowest of them along each axis: where the stride is negative, the last that is taken. */
  readonly first: number[];
}

/** Which entries of an input of shape `xShape` a StridedSlice of these attributes takes. */
export function stridedEntries(xShape: number[], attrs: object): StridedEntries {
  const given = attrs as StridedSliceAttributes;
  const info = slice_util.sliceInfo(
    xShape,
    given.begin,
    given.end,
    given.strides,
    given.beginMask,
    given.endMask,
    given.ellipsisMask,
    given.newAxisMask,
    given.shrinkAxisMask,
  );
  const { begin, end, strides } = info;
  const counts = slice_util.computeOutShape(begin, end, strides);
  const first = strides.map((stride, axis) =>
    stride < 0 ? begin[axis]! + (counts[axis]! - 1) * stride : begin[axis]!,
  );
  return { ...info, counts, first };
}
