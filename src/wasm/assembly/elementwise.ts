// out[r, i] = a[r, i] ∘ b[r, i] for rows of `cols` floats; a row stride of 0 bytes repeats one row of a or b. With `cols` 1 and
// such a stride that is a single number and a run of `rows`.

const ADD: i32 = 0;
const SUBTRACT: i32 = 1;
const MULTIPLY: i32 = 2;
const MULTIPLY_NO_NAN: i32 = 3;

export function addRows(a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  combine(ADD, a, aRow, b, bRow, out, rows, cols);
}

export function subtractRows(a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  combine(SUBTRACT, a, aRow, b, bRow, out, rows, cols);
}

export function multiplyRows(a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  combine(MULTIPLY, a, aRow, b, bRow, out, rows, cols);
}

/** a·b, and 0 where b is 0, also where a is infinite or NaN. */
export function multiplyNoNanRows(a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  combine(MULTIPLY_NO_NAN, a, aRow, b, bRow, out, rows, cols);
}

// `op` is a constant wherever these are inlined, and the choice is made when the module is compiled.

@inline
function four(op: i32, a: v128, b: v128): v128 {
  if (op == MULTIPLY_NO_NAN) return v128.and(f32x4.mul(a, b), f32x4.ne(b, f32x4.splat(0)));
  return op == ADD ? f32x4.add(a, b) : op == SUBTRACT ? f32x4.sub(a, b) : f32x4.mul(a, b);
}

@inline
function one(op: i32, a: f32, b: f32): f32 {
  if (op == MULTIPLY_NO_NAN) return b == 0 ? 0 : a * b;
  return op == ADD ? a + b : op == SUBTRACT ? a - b : a * b;
}

@inline
function combine(op: i32, a: usize, aRow: usize, b: usize, bRow: usize, out: usize, rows: i32, cols: i32): void {
  if (cols == 1 && bRow == 0) {
    const end = (<usize>rows) << 2;
    const x = v128.load32_splat(b);
    let i: usize = 0;
    for (; i + 16 <= end; i += 16) v128.store(out + i, four(op, v128.load(a + i), x));
    for (; i < end; i += 4) store<f32>(out + i, one(op, load<f32>(a + i), load<f32>(b)));
  } else if (cols == 1 && aRow == 0) {
    const end = (<usize>rows) << 2;
    const x = v128.load32_splat(a);
    let i: usize = 0;
    for (; i + 16 <= end; i += 16) v128.store(out + i, four(op, x, v128.load(b + i)));
    for (; i < end; i += 4) store<f32>(out + i, one(op, load<f32>(a), load<f32>(b + i)));
  } else {
    const end = (<usize>cols) << 2;
    for (let r = 0; r < rows; r++) {
      let i: usize = 0;
      for (; i + 16 <= end; i += 16) v128.store(out + i, four(op, v128.load(a + i), v128.load(b + i)));
      for (; i < end; i += 4) store<f32>(out + i, one(op, load<f32>(a + i), load<f32>(b + i)));
      a += aRow;
      b += bRow;
      out += end;
    }
  }
}
