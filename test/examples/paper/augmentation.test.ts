import { describe, expect, it } from 'vitest';
import { augmentImages } from '../../../examples/paper/augmentation.js';
import { SeededRandom } from '../../../src/random.js';

describe('augmentImages', () => {
  const shape = [8, 8, 2] as const;
  const image = Float32Array.from({ length: 128 }, (_, i) => i + 1);
  const at = (values: Float32Array, row: number, column: number, c: number): number =>
    row < 0 || row > 7 || column < 0 || column > 7 ? 0 : values[(row * 8 + column) * 2 + c]!;

  it('gives each image shifted by at most one pixel in eight, mirrored or not, with zeros from outside', () => {
    const count = 200;
    const batch = new Float32Array(count * 128);
    for (let i = 0; i < count; i++) batch.set(image, i * 128);
    const augmented = augmentImages(batch, shape, new SeededRandom(1));
    const seen = new Map<string, number>();
    for (let i = 0; i < count; i++) {
      const result = augmented.subarray(i * 128, (i + 1) * 128);
      const kinds = [-1, 0, 1].flatMap((down) =>
        [-1, 0, 1].flatMap((right) => [false, true].map((isMirrored) => ({ down, right, isMirrored }))),
      );
      const kind = kinds.find(({ down, right, isMirrored }) =>
        result.every((value, p) => {
          const [row, column, c] = [Math.floor(p / 16) - down, (Math.floor(p / 2) % 8) - right, p % 2];
          const inside = row >= 0 && row < 8 && column >= 0 && column < 8;
          return value === (inside ? at(image, row, isMirrored ? 7 - column : column, c) : 0);
        }),
      );
      expect(kind).toBeDefined();
      const name = JSON.stringify(kind);
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    // 18 kinds, 11 of each expected.
    expect(seen.size).toBe(18);
  });
});
