// The floors of the house: a folder may import from the floors under it, never from above.
const floors = [
  ['errors.ts'],
  ['parameters.ts', 'random.ts'],
  ['autodiff/', 'objective.ts', 'objectives/'],
  ['operators/'],
  ['solvers/'],
  ['optimizers/', 'estimators/'],
  ['callbacks/', 'analysis/'],
  ['index.ts'],
];
const pattern = (paths) =>
  `^src/(${paths.map((p) => (p.endsWith('/') ? p : p.replace('.', '\\.') + '$')).join('|')})`;
const upward = floors.slice(0, -1).map((floor, i) => ({
  name: `floor-${i + 1}-knows-nothing-above`,
  comment: `${floor.join(', ')} may import only from its own floor and the floors under it`,
  severity: 'error',
  from: { path: pattern(floor) },
  to: { path: pattern(floors.slice(i + 1).flat()) },
}));

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/wasm/assembly/' },
      to: {},
    },
    ...upward,
    {
      name: 'house-does-not-know-wasm-or-plot',
      comment: 'wasm/ and plot/ are separate doors: the house runs without them',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(wasm|plot)/' },
      to: { path: '^src/(wasm|plot)/' },
    },
    {
      name: 'wasm-stands-alone',
      severity: 'error',
      from: { path: '^src/wasm/' },
      to: { path: '^src/', pathNot: '^src/(wasm/|errors\\.ts$)' },
    },
    {
      name: 'plot-stands-alone',
      comment: 'plot/ turns plain records into pictures: types only',
      severity: 'error',
      from: { path: '^src/plot/' },
      to: { path: '^src/', pathNot: '^src/(plot/|errors\\.ts$)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'solvers-know-operators-only',
      comment: 'a solver knows LinearOperator: never a model, a loss or the tape',
      severity: 'error',
      from: { path: '^src/solvers/' },
      to: { path: '^src/(autodiff/|objective)' },
    },
    {
      name: 'no-deep-tfjs-imports',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'tfjs-(core|layers)/dist/(?!index|tf-)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/wasm/assembly' },
  },
};
