/** `{ a, b as c }` of an import, as what is taken apart: `{ a, b: c }`. */
const toPattern = (clause: string) =>
  clause.startsWith('{') ? clause.replace(/\s+as\s+/g, ': ') : clause.replace(/^\*\s+as\s+/, '');

/**
 * A module as the body of an asynchronous function that is given `load`: its imports become awaited loads, in their places.
 */
export function toBody(program: string): string {
  return program.replace(
    /^import\s+(?:(\{[^}]*\}|\*\s+as\s+\w+)\s+from\s+)?(['"])(.+?)\2;?/gm,
    (_, clause: string | undefined, __, name: string) =>
      `${clause ? `const ${toPattern(clause)} = ` : ''}await load(${JSON.stringify(name)});`,
  );
}
