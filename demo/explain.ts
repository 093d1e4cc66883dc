/** What went wrong, in words for the visitor. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Engines, too, throw an error of their own words for an array that does not fit into memory.
  if (!/memory|allocation/i.test(message)) return message;
  return 'Out of memory. Take fewer or narrower layers, a smaller batch, or fewer directions.';
}
