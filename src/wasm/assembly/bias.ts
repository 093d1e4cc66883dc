import { storeFew } from './internal/few';

/** x[r, :] += bias, then max(x, 0) with `relu`. A bias of 0 (no pointer) adds nothing. */
export function addBias(x: usize, rows: i32, cols: i32, bias: usize, relu: bool): void {
  const floor = f32x4.splat(relu ? 0 : -Infinity);
  for (let r = 0; r < rows; r++) {
    let b = bias;
    let left = cols;
    for (; left >= 4; left -= 4) {
      let v = v128.load(x);
      if (bias) v = f32x4.add(v, v128.load(b));
      v128.store(x, f32x4.max(v, floor));
      x += 16;
      b += 16;
    }
    if (left > 0) {
      let v = v128.load(x);
      if (bias) v = f32x4.add(v, v128.load(b));
      storeFew(x, f32x4.max(v, floor), left);
      x += <usize>left << 2;
    }
  }
}
