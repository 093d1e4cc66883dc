/** x[r, :] += bias, then max(x, 0) with `relu`. A bias of 0 (no pointer) adds nothing. */
export function addBias(x: usize, rows: i32, cols: i32, bias: usize, relu: bool): void {
  const floor = f32x4.splat(relu ? 0 : -Infinity);
  const lowest: f32 = relu ? 0 : -Infinity;
  for (let r = 0; r < rows; r++) {
    let b = bias;
    let i = 0;
    for (; i + 4 <= cols; i += 4) {
      let v = v128.load(x);
      if (bias) v = f32x4.add(v, v128.load(b));
      v128.store(x, f32x4.max(v, floor));
      x += 16;
      b += 16;
    }
    for (; i < cols; i++) {
      let v = load<f32>(x);
      if (bias) v += load<f32>(b);
      store<f32>(x, max(v, lowest));
      x += 4;
      b += 4;
    }
  }
}
