import { readFileSync } from 'node:fs';
import { DataFileError } from './data-file-error.js';

/** Images as an idx file holds them: a byte a pixel, row by row, image after image. */
export interface IdxImages {
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

// The third byte of the magic number is the type of an element, 8 for unsigned bytes; the fourth is the number of
// dimensions, each of which follows as a big-endian 32-bit integer (Y. LeCun, C. Cortes, C. Burges, "The MNIST
// database of handwritten digits").
const UNSIGNED_BYTE = 0x08;

/**
 * The images of an idx3-ubyte file.
 *
 * @throws DataFileError for a file that is missing, truncated, longer than it says, or of another kind
 */
export function readIdxImages(path: string): IdxImages {
  const { dimensions, bytes } = readIdx(path, 3, 'images');
  const [count, rows, columns] = dimensions as [number, number, number];
  return { pixels: bytes, count, rows, columns };
}

/**
 * The labels of an idx1-ubyte file, one byte each.
 *
 * @throws DataFileError for a file that is missing, truncated, longer than it says, or of another kind
 */
export function readIdxLabels(path: string): Uint8Array {
  return readIdx(path, 1, 'labels').bytes;
}

function readIdx(path: string, rank: number, what: string): { dimensions: number[]; bytes: Uint8Array } {
  const file = readBytes(path, `an idx file of ${what}`);
  const headerLength = 4 + 4 * rank;
  if (file.length < headerLength) {
    throw new DataFileError(path, `a header of ${headerLength} bytes`, `a file of ${file.length} bytes`);
  }
  const magic = file.readUInt32BE(0);
  const expectedMagic = (UNSIGNED_BYTE << 8) | rank;
  if (magic !== expectedMagic) {
    throw new DataFileError(
      path,
      `the magic number ${hex(expectedMagic)} of an idx file of ${what}`,
      `${hex(magic)}${magic >>> 16 === 0x1f8b ? ', as of a gzip file: unpack it first' : ''}`,
    );
  }
  const dimensions = Array.from({ length: rank }, (_, i) => file.readUInt32BE(4 + 4 * i));
  const length = dimensions.reduce((product, dimension) => product * dimension, 1);
  const received = file.length - headerLength;
  if (received !== length) {
    throw new DataFileError(
      path,
      `${length} bytes of ${what} (${dimensions.join(' × ')})`,
      `${received} bytes${received < length ? ': the file is truncated' : ''}`,
    );
  }
  return { dimensions, bytes: file.subarray(headerLength) };
}

/**
 * The bytes of a file.
 *
 * @param expected what the file should be, for the error
 * @throws DataFileError for a file that is missing or cannot be read
 */
export function readBytes(path: string, expected: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new DataFileError(path, expected, code === 'ENOENT' ? 'no such file' : code);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
