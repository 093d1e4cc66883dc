/** Prints a table between the markers that `npm run bench:pages` looks for in the pages under docs/. */
export function printTable(name: string, lines: readonly string[]): void {
  process.stdout.write(`\n<!-- table: ${name} -->\n\n${lines.join('\n')}\n\n<!-- end: ${name} -->\n`);
}
