import { requireArgument } from '../errors.js';

/** What a field of a record holds. A `?` may be left out, or null; a number that is not finite is not drawn. */
export type FieldKind = 'text' | 'text?' | 'number' | 'number?' | 'numbers' | 'numbers?' | 'records';

/** The fields that a chart reads, each with its kind. */
export type Fields<T> = { readonly [Name in keyof T]?: FieldKind };

/**
 * Throws a CurvatureArgumentError that names `where` unless `records` is a list of records with the fields.
 *
 * @param remedy what to write instead
 */
export function requireRecords<T extends object>(
  records: readonly T[],
  fields: Fields<T>,
  where: string,
  remedy: string | null = null,
): void {
  requireArgument(Array.isArray(records), where, 'a list of records', records, remedy);
  for (const record of records) requireRecord(record, fields, where, remedy);
}

/** Throws a CurvatureArgumentError that names `where` unless `record` has the fields. */
export function requireRecord<T extends object>(
  record: T,
  fields: Fields<T>,
  where: string,
  remedy: string | null = null,
): void {
  const shape = `a record {${Object.keys(fields).join(', ')}}`;
  const isObject =
    typeof record === 'object' && record !== null && !Array.isArray(record) && !('then' in record);
  requireArgument(isObject, where, shape, record, remedy);
  for (const [name, kind] of Object.entries(fields) as [keyof T & string, FieldKind][]) {
    const value: unknown = record[name];
    if (kind.endsWith('?') && value == null) continue;
    requireArgument(
      isOf(kind.replace('?', ''), value),
      where,
      `${name} of ${shape}: ${expected[kind]}`,
      value,
      remedy,
    );
  }
}

const expected: Record<FieldKind, string> = {
  text: 'text',
  'text?': 'text',
  number: 'a number',
  'number?': 'a number or null',
  numbers: 'a list of numbers',
  'numbers?': 'a list of numbers',
  records: 'a list of records',
};

function isOf(kind: string, value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'number') return typeof value === 'number';
  if (kind === 'records') return Array.isArray(value);
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  return isList && Array.from(value as ArrayLike<unknown>).every((x) => x === null || typeof x === 'number');
}

/** Ends and margins of axes overflow soon above. */
export const LARGEST_DRAWABLE = 1e300;

/** Whether a number has a place on an axis. */
export function isDrawable(value: number | null | undefined): value is number {
  return typeof value === 'number' && Math.abs(value) <= LARGEST_DRAWABLE;
}
