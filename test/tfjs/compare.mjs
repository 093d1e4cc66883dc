/** Outcomes by name. */
const byName = ({ specs }) => new Map(specs.map((spec) => [spec.name, spec]));

/**
 * What a run loses against another, and how that stands to what it may lose.
 *
 * @param allowed names of the tests that `after` may lose
 * @returns `lost`: tests that pass before and not after; `unexpected`: those of them that are not allowed;
 *   `stale`: names allowed that are not lost; `gained`: how many tests pass after alone
 */
export function compareRuns(before, after, allowed) {
  const results = byName(after);
  const lost = [];
  let gained = 0;
  for (const { name, status } of before.specs) {
    const result = results.get(name) ?? { name, status: 'missing', message: 'it was not run' };
    if (status === 'passed' && result.status !== 'passed') lost.push(result);
    if (status === 'failed' && result.status === 'passed') gained++;
  }
  const names = new Set(lost.map(({ name }) => name));
  return {
    lost,
    gained,
    unexpected: lost.filter(({ name }) => !allowed.includes(name)),
    stale: allowed.filter((name) => !names.has(name)),
  };
}
