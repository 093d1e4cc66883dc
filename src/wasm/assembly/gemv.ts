import { fma } from './fma';

/** Terms summed in float32 before the partial sum goes to double precision. */
const CHUNK: i32 = 1024;
/** Floats of the result that {@link combineRows} keeps in the first-level cache. */
const BLOCK: i32 = 2048;

/** y[r] = sum over i of rows[r, i] x[i]. Chunks of 1024 terms are added up in double precision. */
export function dotRows(rows: usize, ld: i32, count: i32, len: i32, x: usize, y: usize): void {
  for (let r = 0; r < count; r++) {
    store<f32>(y + ((<usize>r) << 2), <f32>dot(rows + ((<usize>r * ld) << 2), x, len));
  }
}

function dot(a: usize, x: usize, len: i32): f64 {
  let total: f64 = 0;
  let i = 0;
  while (i + 16 <= len) {
    const stop = min(len & ~15, i + CHUNK);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (; i < stop; i += 16) {
      s0 = fma(v128.load(a), v128.load(x), s0);
      s1 = fma(v128.load(a, 16), v128.load(x, 16), s1);
      s2 = fma(v128.load(a, 32), v128.load(x, 32), s2);
      s3 = fma(v128.load(a, 48), v128.load(x, 48), s3);
      a += 64;
      x += 64;
    }
    s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    total += <f64>f32x4.extract_lane(s0, 0) + <f64>f32x4.extract_lane(s0, 1);
    total += <f64>f32x4.extract_lane(s0, 2) + <f64>f32x4.extract_lane(s0, 3);
  }
  for (; i < len; i++) {
    total += <f64>load<f32>(a) * <f64>load<f32>(x);
    a += 4;
    x += 4;
  }
  return total;
}

/** y[i] = sum over r of x[r] rows[r, i]. */
export function combineRows(rows: usize, ld: i32, count: i32, len: i32, x: usize, y: usize): void {
  const stride = (<usize>ld) << 2;
  for (let i0 = 0; i0 < len; i0 += BLOCK) {
    const n = min(BLOCK, len - i0);
    const d = y + ((<usize>i0) << 2);
    memory.fill(d, 0, (<usize>n) << 2);
    let r = 0;
    for (; r + 4 <= count; r += 4) {
      addFour(rows + <usize>r * stride + ((<usize>i0) << 2), stride, n, x + ((<usize>r) << 2), d);
    }
    for (; r < count; r++) {
      addOne(rows + <usize>r * stride + ((<usize>i0) << 2), n, load<f32>(x + ((<usize>r) << 2)), d);
    }
  }
}

function addFour(s0: usize, stride: usize, n: i32, x: usize, d: usize): void {
  let s1 = s0 + stride;
  let s2 = s1 + stride;
  let s3 = s2 + stride;
  const x0 = v128.load32_splat(x);
  const x1 = v128.load32_splat(x, 4);
  const x2 = v128.load32_splat(x, 8);
  const x3 = v128.load32_splat(x, 12);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    let v = fma(v128.load(s0), x0, v128.load(d));
    v = fma(v128.load(s1), x1, v);
    v = fma(v128.load(s2), x2, v);
    v128.store(d, fma(v128.load(s3), x3, v));
    s0 += 16;
    s1 += 16;
    s2 += 16;
    s3 += 16;
    d += 16;
  }
  for (; i < n; i++) {
    let v = load<f32>(d) + load<f32>(s0) * load<f32>(x);
    v += load<f32>(s1) * load<f32>(x, 4);
    v += load<f32>(s2) * load<f32>(x, 8);
    store<f32>(d, v + load<f32>(s3) * load<f32>(x, 12));
    s0 += 4;
    s1 += 4;
    s2 += 4;
    s3 += 4;
    d += 4;
  }
}

function addOne(s: usize, n: i32, x: f32, d: usize): void {
  const xs = f32x4.splat(x);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(d, fma(v128.load(s), xs, v128.load(d)));
    s += 16;
    d += 16;
  }
  for (; i < n; i++) {
    store<f32>(d, load<f32>(d) + load<f32>(s) * x);
    s += 4;
    d += 4;
  }
}
