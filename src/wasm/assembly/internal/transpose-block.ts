/**
 * dst[c, r] = src[r, c], 4-byte elements, in blocks of 4 × 4 held in registers. Rows of src lie `srcRow` bytes apart, those
 * of dst `dstRow`.
 */
export function transposeBlock(src: usize, srcRow: usize, dst: usize, dstRow: usize, rows: i32, cols: i32): void {
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    const s0 = src + <usize>r * srcRow;
    const s1 = s0 + srcRow;
    const s2 = s1 + srcRow;
    const s3 = s2 + srcRow;
    let d = dst + (<usize>r << 2);
    let o: usize = 0;
    let c = 0;
    for (; c + 4 <= cols; c += 4) {
      const r0 = v128.load(s0 + o);
      const r1 = v128.load(s1 + o);
      const r2 = v128.load(s2 + o);
      const r3 = v128.load(s3 + o);
      const lo01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const hi01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const lo23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const hi23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(d, v128.shuffle<f32>(lo01, lo23, 0, 1, 4, 5));
      v128.store(d + dstRow, v128.shuffle<f32>(lo01, lo23, 2, 3, 6, 7));
      v128.store(d + 2 * dstRow, v128.shuffle<f32>(hi01, hi23, 0, 1, 4, 5));
      v128.store(d + 3 * dstRow, v128.shuffle<f32>(hi01, hi23, 2, 3, 6, 7));
      d += 4 * dstRow;
      o += 16;
    }
    for (; c < cols; c++) {
      store<u32>(d, load<u32>(s0 + o));
      store<u32>(d, load<u32>(s1 + o), 4);
      store<u32>(d, load<u32>(s2 + o), 8);
      store<u32>(d, load<u32>(s3 + o), 12);
      d += dstRow;
      o += 4;
    }
  }
  for (; r < rows; r++) {
    let s = src + <usize>r * srcRow;
    let d = dst + (<usize>r << 2);
    for (let c = 0; c < cols; c++) {
      store<u32>(d, load<u32>(s));
      s += 4;
      d += dstRow;
    }
  }
}
