import { storeFew } from './internal/few';

/** Rows added up before their sum joins the total; 128 rows of 64 floats stay in the first-level cache. */
const ROWS: i32 = 128;
/** Terms summed in float32 before the partial sum goes to double precision. */
const CHUNK: i32 = 1024;

/** dst[o, c] = sum over r of src[o, r, c], in chunks of 128 rows so that rounding grows with rows / 128. */
export function sumMiddle(src: usize, outer: i32, rows: i32, cols: i32, dst: usize): void {
  const row = <usize>cols << 2;
  for (let o = 0; o < outer; o++) {
    memory.fill(dst, 0, row);
    for (let r = 0; r < rows; r += ROWS) addSum(src + <usize>r * row, min(ROWS, rows - r), cols, dst);
    src += <usize>rows * row;
    dst += row;
  }
}

/** dst[c] += sum over r of src[r, c] */
function addSum(src: usize, rows: i32, cols: i32, dst: usize): void {
  const stride = <usize>cols << 2;
  let c = 0;
  for (; c + 16 <= cols; c += 16) {
    let p = src;
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    for (let i = 0; i < rows; i++) {
      a0 = f32x4.add(a0, v128.load(p));
      a1 = f32x4.add(a1, v128.load(p, 16));
      a2 = f32x4.add(a2, v128.load(p, 32));
      a3 = f32x4.add(a3, v128.load(p, 48));
      p += stride;
    }
    v128.store(dst, f32x4.add(v128.load(dst), a0));
    v128.store(dst, f32x4.add(v128.load(dst, 16), a1), 16);
    v128.store(dst, f32x4.add(v128.load(dst, 32), a2), 32);
    v128.store(dst, f32x4.add(v128.load(dst, 48), a3), 48);
    src += 64;
    dst += 64;
  }
  for (; c < cols; c += 4) {
    let p = src;
    let a = f32x4.splat(0);
    for (let i = 0; i < rows; i++) {
      a = f32x4.add(a, v128.load(p));
      p += stride;
    }
    storeFew(dst, f32x4.add(v128.load(dst), a), cols - c);
    src += 16;
    dst += 16;
  }
}

/** dst[r] = sum over c of src[r, c]; chunks of 1024 terms are added up in double precision. */
export function sumTrailing(src: usize, rows: i32, cols: i32, dst: usize): void {
  for (let r = 0; r < rows; r++) {
    let total: f64 = 0;
    let i = 0;
    while (i + 16 <= cols) {
      const stop = min(cols & ~15, i + CHUNK);
      let a0 = f32x4.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      for (; i < stop; i += 16) {
        a0 = f32x4.add(a0, v128.load(src));
        a1 = f32x4.add(a1, v128.load(src, 16));
        a2 = f32x4.add(a2, v128.load(src, 32));
        a3 = f32x4.add(a3, v128.load(src, 48));
        src += 64;
      }
      a0 = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3));
      total += <f64>f32x4.extract_lane(a0, 0) + <f64>f32x4.extract_lane(a0, 1);
      total += <f64>f32x4.extract_lane(a0, 2) + <f64>f32x4.extract_lane(a0, 3);
    }
    for (; i < cols; i++) {
      total += <f64>load<f32>(src);
      src += 4;
    }
    store<f32>(dst, <f32>total);
    dst += 4;
  }
}

/** dst[ids[i], :] += src[i, :], dst zeroed first; ids outside [0, segments) are left out. */
export function segmentSum(src: usize, ids: usize, count: i32, inner: i32, dst: usize, segments: i32): void {
  const stride = <usize>inner << 2;
  memory.fill(dst, 0, <usize>segments * stride);
  for (let i = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2));
    if (id >= 0 && id < segments) addRow(dst + <usize>id * stride, src, inner);
    src += stride;
  }
}

function addRow(to: usize, from: usize, n: i32): void {
  const end = (<usize>n) << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(from + i)));
  for (; i < end; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(from + i));
}
