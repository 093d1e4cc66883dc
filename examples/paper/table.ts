/** Mean ± standard deviation (of a sample), in three significant digits; the number alone where there is one. */
export function withSpread(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return '–';
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const omitted = finite.length < values.length ? ` (${values.length - finite.length} not finite)` : '';
  if (finite.length === 1) return `${digits(mean)}${omitted}`;
  const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${digits(mean)} ± ${digits(Math.sqrt(squares / (finite.length - 1)), 2)}${omitted}`;
}

function digits(value: number, count = 3): string {
  const rounded = Number(value.toPrecision(count));
  return Math.abs(rounded) >= 1e5 ? rounded.toExponential(count - 1) : String(rounded);
}

/** A table in Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Groups items by a key, in order of appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
