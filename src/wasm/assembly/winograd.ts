import { copyWindow } from './internal/pad';
import { multiplyPlanes } from './internal/planes';
import { transformGradient, transformInput, transformOutput } from './internal/winograd-transforms';

/** Added to the distance of two transformed planes, so that the sixteen do not fall into one set of the cache. */
const SKEW: usize = 64;

/** Bytes between two of the sixteen planes of `tiles` tiles with `n` floats each. */
@inline
function planeStride(tiles: i32, n: i32): usize {
  return ((<usize>tiles * n) << 2) + SKEW;
}

/** Bytes of scratch for {@link winogradConvolve} and {@link winogradFilterGradient} with blocks of `tiles` tiles. */
export function winogradScratchBytes(tiles: i32, c: i32, co: i32): i32 {
  return <i32>(16 * (planeStride(tiles, c) + planeStride(tiles, co)) + ((<usize>16 * max(c, co)) << 2));
}

/**
 * A batch of 3 × 3 correlations with stride 1 in 4/9 of the products: dst[b, y, x, :] = sum over r, s of
 * src[b, y + r − top, x + s − left, :] g[r, s, :, :], through {@link transformInput}, sixteen matrix products and
 * {@link transformOutput}. `filter` is U in sixteen runs of panels of [c, co]; c and co are multiples of 8.
 */
export function winogradConvolve(
  src: usize, h: i32, w: i32, c: i32, top: i32, left: i32,
  filter: usize, dst: usize, oh: i32, ow: i32, co: i32, batch: i32, block: i32, scratch: usize,
): void {
  const across = (ow + 1) >> 1;
  const perImage = ((oh + 1) >> 1) * across;
  const total = perImage * batch;
  const vStride = planeStride(block, c);
  const mStride = planeStride(block, co);
  const m = scratch + 16 * vStride;
  const patch = m + 16 * mStride;
  const cRow = <usize>co << 2;
  const aRow = <usize>c << 2;
  for (let first = 0; first < total; first += block) {
    const count = min(block, total - first);
    inputTiles(src, h, w, c, top, left, across, perImage, first, count, scratch, vStride, patch);
    const whole = (count + 3) & ~3;
    multiplyPlanes(scratch, vStride, aRow, 4, c, filter, (<usize>(c * co)) << 2, m, mStride, cRow, whole, co, false);
    // Places are counted up: dividing for each would cost a tenth of the time at 16 channels.
    let image = dst + <usize>((first / perImage) * oh * ow) * cRow;
    let y = ((first % perImage) / across) << 1;
    let x = ((first % perImage) % across) << 1;
    let from = m;
    for (let t = 0; t < count; t++) {
      const to = image + <usize>(y * ow + x) * cRow;
      transformOutput(from, mStride, co, to, <usize>ow * cRow, cRow, oh - y, ow - x);
      from += cRow;
      x += 2;
      if (x >= ow) {
        x = 0;
        y += 2;
        if (y >= oh) {
          y = 0;
          image += <usize>(oh * ow) * cRow;
        }
      }
    }
  }
}

/** Transforms the patches of `count` tiles from tile `first` of the batch on; a patch over the edge goes by a copy. */
function inputTiles(
  src: usize, h: i32, w: i32, c: i32, top: i32, left: i32,
  across: i32, perImage: i32, first: i32, count: i32, v: usize, stride: usize, patch: usize,
): void {
  const cell = <usize>c << 2;
  const size = <usize>(h * w) * cell;
  const right = (across << 1) - left;
  const bottom = ((perImage / across) << 1) - top;
  let image = src + <usize>(first / perImage) * size;
  let y = (((first % perImage) / across) << 1) - top;
  let x = (((first % perImage) % across) << 1) - left;
  for (let t = 0; t < count; t++) {
    if (y >= 0 && x >= 0 && y + 4 <= h && x + 4 <= w) {
      transformInput(image + <usize>(y * w + x) * cell, <usize>w * cell, cell, c, v, stride);
    } else {
      copyWindow(patch, image, h, w, <i32>cell, y, x, 4, 4);
      transformInput(patch, 4 * cell, cell, c, v, stride);
    }
    v += cell;
    x += 2;
    if (x >= right) {
      x = -left;
      y += 2;
      if (y >= bottom) {
        y = -top;
        image += size;
      }
    }
  }
}

/**
 * Adds the filter gradient of the same correlations, in the transformed domain, to `acc`: sixteen matrices [c, co].
 * {@link transformFilterGradient} turns it into taps.
 */
export function winogradFilterGradient(
  src: usize, h: i32, w: i32, c: i32, top: i32, left: i32,
  dy: usize, oh: i32, ow: i32, co: i32, acc: usize, batch: i32, block: i32, scratch: usize,
): void {
  const across = (ow + 1) >> 1;
  const perImage = ((oh + 1) >> 1) * across;
  const total = perImage * batch;
  const vStride = planeStride(block, c);
  const zStride = planeStride(block, co);
  const z = scratch + 16 * vStride;
  const patch = z + 16 * zStride;
  const cell = <usize>co << 2;
  const aStep = <usize>c << 2;
  for (let first = 0; first < total; first += block) {
    const count = min(block, total - first);
    const panel = <usize>count << 5;
    inputTiles(src, h, w, c, top, left, across, perImage, first, count, scratch, vStride, patch);
    let from = dy + <usize>((first / perImage) * oh * ow) * cell;
    let y = ((first % perImage) / across) << 1;
    let x = ((first % perImage) % across) << 1;
    let to = z;
    for (let t = 0; t < count; t++) {
      if (y + 2 <= oh && x + 2 <= ow) {
        transformGradient(from + <usize>(y * ow + x) * cell, <usize>ow * cell, cell, co, to, panel, zStride);
      } else {
        copyWindow(patch, from, oh, ow, <i32>cell, y, x, 2, 2);
        transformGradient(patch, 2 * cell, cell, co, to, panel, zStride);
      }
      to += 32;
      x += 2;
      if (x >= ow) {
        x = 0;
        y += 2;
        if (y >= oh) {
          y = 0;
          from += <usize>(oh * ow) * cell;
        }
      }
    }
    multiplyPlanes(scratch, vStride, 4, aStep, count, z, zStride, acc, (<usize>(c * co)) << 2, cell, c, co, true);
  }
}
