import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataFileError } from '../../../examples/data/data-file-error.js';
import { decodePng } from '../../../examples/data/png.js';
import { chunk, encodePng, header, SIGNATURE } from './encode-png.js';

const WIDTH = 3;
// Five rows, one per filter. Differences of either sign wrap around 256, and no two neighbours are the same.
const pixels = Uint8Array.from({ length: 5 * 3 * WIDTH }, (_, i) => (i * 73 + (i % 7) * 31) % 256);

describe('decodePng', () => {
  test.each([0, 1, 2, 3, 4])('undoes row filter %i, on the first row and below it', (filter) => {
    const file = encodePng(WIDTH, pixels, () => filter);
    expect(decodePng(file, 'a.png')).toEqual({ width: WIDTH, height: 5, pixels });
  });

  test('undoes a different filter on each row', () => {
    expect(
      decodePng(
        encodePng(WIDTH, pixels, (row) => row),
        'a.png',
      ).pixels,
    ).toEqual(pixels);
  });

  test('joins data split over chunks, and passes over chunks it does not need', () => {
    const rows = deflateSync(Buffer.from([0, 9, 8, 7]));
    const parts = [rows.subarray(0, 3), rows.subarray(3)].map((part) => chunk('IDAT', part));
    const file = Buffer.concat([
      SIGNATURE,
      header(1, 1),
      chunk('tEXt', Buffer.from('x')),
      ...parts,
      chunk('IEND'),
    ]);
    expect([...decodePng(file, 'a.png').pixels]).toEqual([9, 8, 7]);
  });

  const whole = encodePng(WIDTH, pixels, () => 0);
  test.each<[string, Buffer, RegExp]>([
    ['no PNG', Buffer.from('GIF89a, not a PNG'), /without its signature/],
    ['truncated', whole.subarray(0, whole.length - 20), /to its end, received "?a truncated one/],
    ['of grey pixels', Buffer.concat([SIGNATURE, header(1, 1, 0), chunk('IEND')]), /RGB .* colour type 0/],
    [
      'not deflated',
      Buffer.concat([SIGNATURE, header(1, 1), chunk('IDAT', Buffer.from('rows')), chunk('IEND')]),
      /expected deflated rows/,
    ],
    [
      'short of rows',
      Buffer.concat([SIGNATURE, header(1, 2), chunk('IDAT', deflateSync(Buffer.alloc(4))), chunk('IEND')]),
      /expected 8 bytes of rows, received 4/,
    ],
    [
      'filtered in a way there is none',
      encodePng(WIDTH, pixels, () => 5),
      /row filter .* received 5 in row 0/,
    ],
  ])('refuses a file that is %s', (_, file, message) => {
    expect(() => decodePng(file, 'a.png')).toThrow(DataFileError);
    expect(() => decodePng(file, 'a.png')).toThrow(message);
    expect(() => decodePng(file, 'a.png')).toThrow(/^a\.png: /);
  });
});
