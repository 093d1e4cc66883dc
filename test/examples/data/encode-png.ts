import { deflateSync } from 'node:zlib';

/** What a PNG file begins with. */
export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A chunk of a PNG file; its checksum is left at zero, for a decoder that does not read it. */
export function chunk(type: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, Buffer.from(type, 'latin1'), body, Buffer.alloc(4)]);
}

/** The header chunk of a picture of eight bits a channel; colour type 2 is RGB. */
export function header(width: number, height: number, colourType = 2): Buffer {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body[8] = 8;
  body[9] = colourType;
  return chunk('IHDR', body);
}

/** RGB pixels as a PNG file, each row by the filter chosen for it. Written from the definition, not from the decoder. */
export function encodePng(width: number, pixels: Uint8Array, filterOf: (row: number) => number): Buffer {
  const rowLength = 3 * width;
  const height = pixels.length / rowLength;
  const at = (row: number, i: number) => (row < 0 || i < 0 ? 0 : pixels[row * rowLength + i]!);
  const rows = Array.from({ length: height }, (_, row) => {
    const filter = filterOf(row);
    const bytes = Array.from({ length: rowLength }, (_, i) => {
      const [a, b, c] = [at(row, i - 3), at(row - 1, i), i < 3 ? 0 : at(row - 1, i - 3)];
      return at(row, i) - ([0, a, b, Math.floor((a + b) / 2), paeth(a, b, c)][filter] ?? 0);
    });
    return Buffer.from([filter, ...bytes]);
  });
  return Buffer.concat([
    SIGNATURE,
    header(width, height),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND'),
  ]);
}

/** The nearest to a + b − c of a, b and c, in this order where they tie. */
function paeth(a: number, b: number, c: number): number {
  const estimate = a + b - c;
  return [a, b, c].reduce((best, next) =>
    Math.abs(estimate - next) < Math.abs(estimate - best) ? next : best,
  );
}
