import { storeFew } from './few';

/** The gradient of an average: adds dy / (number of cells) to n1 × n2 × n3 cells of dx, s1, s2 and s3 bytes apart, c channels. */
@inline
export function spread(dx: usize, dy: usize, c: i32, n1: i32, n2: i32, n3: i32, s1: usize, s2: usize, s3: usize): void {
  const share: f32 = 1.0 / <f32>(n1 * n2 * n3);
  const shares = f32x4.splat(share);
  const end = <usize>c << 2;
  for (let i1 = 0; i1 < n1; i1++) {
    for (let i2 = 0; i2 < n2; i2++) {
      let to = dx + <usize>i1 * s1 + <usize>i2 * s2;
      for (let i3 = 0; i3 < n3; i3++) {
        let o: usize = 0;
        for (; o + 16 <= end; o += 16) {
          v128.store(to + o, f32x4.add(v128.load(to + o), f32x4.mul(v128.load(dy + o), shares)));
        }
        if (end - o == 4) store<f32>(to + o, load<f32>(to + o) + load<f32>(dy + o) * share);
        else if (o < end) storeFew(to + o, f32x4.add(v128.load(to + o), f32x4.mul(v128.load(dy + o), shares)), <i32>(end - o) >> 2);
        to += s3;
      }
    }
  }
}
