import { requireMessage } from './message-error.js';

/*
 * A message as bytes, all numbers little-endian:
 *
 *   bytes 0 … 3   length of the head, 4 … 7   zero
 *   head          JSON: [what is sent, a row for each value that JSON does not carry]
 *   …             zeros up to a multiple of 8, then the numbers of each typed array, each from a multiple of 8 on
 *
 * A row is [path, type, length] of a typed array or [path, 'number', text] of NaN, ±Infinity and −0; what is sent has
 * null in its place. Arrays are read where they lie: nothing is copied.
 */

const views = { Float32Array, Int32Array, Uint8Array };
type View = InstanceType<(typeof views)[keyof typeof views]>;
type ViewName = keyof typeof views;
type Key = string | number;
type Row = [path: Key[], type: ViewName | 'number', rest: number | string];

const PREFIX_BYTES = 8;
const ALIGNMENT = 8;
const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** A multiple of 8, at least `length`. */
function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/**
 * Plain data with typed arrays in it as bytes.
 *
 * @param value objects, lists, texts, numbers, truth values, null, and arrays of float32, int32 and uint8
 * @throws MessageError for typed arrays of other numbers
 */
export function encodeMessage(value: unknown): Uint8Array<ArrayBuffer> {
  requireMessage(isLittleEndian, 'a machine that stores low bytes first', 'another');
  const rows: Row[] = [];
  const arrays: View[] = [];
  const strip = (x: unknown, path: Key[]): unknown => {
    if (typeof x === 'number' && (!Number.isFinite(x) || Object.is(x, -0))) {
      rows.push([path, 'number', Object.is(x, -0) ? '-0' : String(x)]);
      return null;
    }
    if (ArrayBuffer.isView(x)) {
      const name = Object.prototype.toString.call(x).slice(8, -1);
      requireMessage(Object.hasOwn(views, name), 'arrays of float32, int32 or uint8', name);
      rows.push([path, name as ViewName, (x as View).length]);
      arrays.push(x as View);
      return null;
    }
    if (Array.isArray(x)) return x.map((entry, i) => strip(entry, [...path, i]));
    if (typeof x !== 'object' || x === null) return x;
    return Object.fromEntries(Object.entries(x).map(([key, entry]) => [key, strip(entry, [...path, key])]));
  };
  const head = new TextEncoder().encode(JSON.stringify([strip(value, []), rows]));
  const begin = aligned(PREFIX_BYTES + head.length);
  const bytes = new Uint8Array(
    arrays.reduce((length, { byteLength }) => length + aligned(byteLength), begin),
  );
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, PREFIX_BYTES);
  let offset = begin;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += aligned(byteLength);
  }
  return bytes;
}

/**
 * What was encoded; its arrays are views of `bytes`.
 *
 * @param bytes from the start of their buffer
 * @param mostJson bytes of JSON that are read at most: parsed, they take up some ten times as many
 * @throws MessageError for what is no message, or one with more JSON
 */
export function decodeMessage(bytes: Uint8Array<ArrayBuffer>, mostJson: number): unknown {
  requireMessage(bytes.length >= PREFIX_BYTES, 'a message', `${bytes.length} bytes`);
  const headLength = new DataView(bytes.buffer).getUint32(0, true);
  requireMessage(headLength <= mostJson, `at most ${mostJson} bytes of JSON`, `${headLength}`);
  const isInside = PREFIX_BYTES + headLength <= bytes.length;
  requireMessage(isInside, 'a message with a head', 'one that ends in it');
  let head: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true });
    head = JSON.parse(text.decode(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headLength)));
  } catch (error) {
    requireMessage(false, 'a message with a head of JSON', (error as Error).message);
  }
  const isPair = Array.isArray(head) && head.length === 2 && Array.isArray(head[1]);
  requireMessage(isPair, 'a head [value, rows]', 'another');
  const [value, rows] = head as [unknown, unknown[]];
  const root = { value };
  let offset = aligned(PREFIX_BYTES + headLength);
  for (const row of rows) {
    requireMessage(isRow(row), 'rows [path, type, length]', 'another');
    const [path, type, rest] = row;
    let restored: View | number;
    if (type === 'number') restored = Number(rest);
    else {
      const byteLength = (rest as number) * views[type].BYTES_PER_ELEMENT;
      const fits = offset + byteLength <= bytes.length;
      requireMessage(fits, 'all numbers of a message', `${bytes.length} bytes`);
      restored = new views[type](bytes.buffer, offset, rest as number);
      offset += aligned(byteLength);
    }
    put(root, ['value', ...path], restored);
  }
  requireMessage(offset === bytes.length, 'the numbers named', `${bytes.length - offset} bytes more`);
  return root.value;
}

/** Puts a value where null holds its place. */
function put(root: object, path: readonly Key[], value: View | number): void {
  const last = path.at(-1)!;
  let at: unknown = root;
  for (const key of path.slice(0, -1)) at = own(at, key);
  requireMessage(own(at, last) === null, 'a path to null', 'another');
  (at as Record<Key, unknown>)[last] = value;
}

function own(x: unknown, key: Key): unknown {
  const has = typeof x === 'object' && x !== null && !ArrayBuffer.isView(x) && Object.hasOwn(x, key);
  requireMessage(has, 'a path to a value', `${String(key)} of nothing`);
  return (x as Record<Key, unknown>)[key];
}

function isRow(row: unknown): row is Row {
  if (!Array.isArray(row) || row.length !== 3) return false;
  const [path, type, rest] = row as unknown[];
  const isPath = Array.isArray(path) && path.every((key) => ['string', 'number'].includes(typeof key));
  if (type === 'number') return isPath && ['NaN', 'Infinity', '-Infinity', '-0'].includes(rest as string);
  const isKnown = typeof type === 'string' && Object.hasOwn(views, type);
  return isPath && isKnown && Number.isSafeInteger(rest) && (rest as number) >= 0;
}
