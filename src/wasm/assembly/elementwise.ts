// out[r, i] = a[r, i] ∘ b[r, i] for rows of `cols` floats; a row stride of 0 bytes repeats one row of a or b.

export function addRows(a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  for (let r = 0; r < rows; r++) {
    let i: usize = 0;
    const end = (<usize>cols) << 2;
    for (; i + 16 <= end; i += 16) v128.store(out + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
    for (; i < end; i += 4) store<f32>(out + i, load<f32>(a + i) + load<f32>(b + i));
    a += aRow;
    b += bRow;
    out += end;
  }
}

export function subtractRows(a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  for (let r = 0; r < rows; r++) {
    let i: usize = 0;
    const end = (<usize>cols) << 2;
    for (; i + 16 <= end; i += 16) v128.store(out + i, f32x4.sub(v128.load(a + i), v128.load(b + i)));
    for (; i < end; i += 4) store<f32>(out + i, load<f32>(a + i) - load<f32>(b + i));
    a += aRow;
    b += bRow;
    out += end;
  }
}

export function multiplyRows(a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  for (let r = 0; r < rows; r++) {
    let i: usize = 0;
    const end = (<usize>cols) << 2;
    for (; i + 16 <= end; i += 16) v128.store(out + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
    for (; i < end; i += 4) store<f32>(out + i, load<f32>(a + i) * load<f32>(b + i));
    a += aRow;
    b += bRow;
    out += end;
  }
}
