import { inflateSync } from 'node:zlib';
import { DataFileError } from './data-file-error.js';

/** The pixels of a picture: rows from top to bottom, three bytes a pixel, red first. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const CHANNELS = 3;

/**
 * Decodes a PNG of eight bits a channel, RGB and not interlaced, which is what data sets come in (PNG specification,
 * third edition, W3C 2025, sections 5, 7 and 9). Checksums are not verified; a truncated file is found by its length.
 *
 * @param path names the file in errors
 * @throws DataFileError for a file that is no PNG, is damaged, or is a PNG of another kind
 */
export function decodePng(file: Buffer, path: string): RgbPicture {
  if (!file.subarray(0, 8).equals(SIGNATURE)) {
    throw new DataFileError(path, 'a PNG file', 'a file without its signature');
  }
  const { header, data } = readChunks(file, path);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colour, interlaced] = [header[8], header[9], header[12]];
  if (depth !== 8 || colour !== 2 || interlaced !== 0) {
    const received = `depth ${depth}, colour type ${colour}, interlace ${interlaced}`;
    throw new DataFileError(path, 'RGB of depth 8, not interlaced', received);
  }
  const filtered = inflate(data, path);
  const expected = height * (1 + CHANNELS * width);
  if (filtered.length !== expected) {
    throw new DataFileError(path, `${expected} bytes of rows`, `${filtered.length}`);
  }
  return { width, height, pixels: unfilter(filtered, CHANNELS * width, height, path) };
}

function readChunks(file: Buffer, path: string): { header: Buffer; data: Buffer } {
  let header: Buffer | undefined;
  const data: Buffer[] = [];
  for (let at = SIGNATURE.length; at + 8 <= file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (body.length < length) break;
    if (type === 'IHDR') header = body;
    if (type === 'IDAT') data.push(body);
    if (type === 'IEND' && header?.length === 13) return { header, data: Buffer.concat(data) };
    at += length + 12;
  }
  throw new DataFileError(path, 'a PNG file to its end', 'a truncated one');
}

function inflate(data: Buffer, path: string): Buffer {
  try {
    return inflateSync(data);
  } catch (error) {
    throw new DataFileError(path, 'deflated rows', error instanceof Error ? error.message : String(error));
  }
}

/** Undoes the prediction of each byte from its neighbours to the left, above, and above to the left. */
function unfilter(filtered: Buffer, rowLength: number, height: number, path: string): Uint8Array {
  const pixels = new Uint8Array(rowLength * height);
  for (let row = 0; row < height; row++) {
    const source = row * (rowLength + 1);
    const target = row * rowLength;
    const filter = filtered[source]!;
    if (filter > 4) throw new DataFileError(path, 'a row filter from 0 to 4', `${filter} in row ${row}`);
    for (let i = 0; i < rowLength; i++) {
      const left = i >= CHANNELS ? pixels[target + i - CHANNELS]! : 0;
      const above = row > 0 ? pixels[target + i - rowLength]! : 0;
      const corner = row > 0 && i >= CHANNELS ? pixels[target + i - rowLength - CHANNELS]! : 0;
      // Storing into a byte reduces modulo 256, as the specification asks.
      pixels[target + i] = filtered[source + 1 + i]! + predict(filter, left, above, corner);
    }
  }
  return pixels;
}

function predict(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  // Paeth: whichever of the three is nearest to left + above − corner.
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
