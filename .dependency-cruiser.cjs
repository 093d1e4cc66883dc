// The layers, lowest first: a folder may import from its own layer and from those under it, never from above.
// test/architecture.test.ts holds the source to these rules and the rules to their word.
const layers = [
  ['errors.ts', 'options.ts', 'float32.ts', 'remedies.ts', 'nearest-name.ts'],
  ['tfjs/'],
  ['parameters.ts', 'rows.ts', 'variables.ts', 'random.ts', 'time-budget.ts', 'symmetric-eigen.ts'],
  ['autodiff/', 'objectives/'],
  ['operators/'],
  ['solvers/'],
  ['optimizers/', 'estimators/'],
  ['callbacks/', 'analysis/', 'workers/', 'nats/'],
  ['index.ts', 'worker-command/'],
];

const escape = (path) => (path.endsWith('/') ? path : `${path.replace('.', '\\.')}$`);
const inside = (paths) => `^src/(${paths.map(escape).join('|')})`;
const packages = (names) => `node_modules/(${names.join('|')})/`;

const upward = layers.slice(0, -1).map((layer, i) => ({
  name: `layer-${i + 1}-knows-nothing-above`,
  comment: `${layer.join(', ')} may import only from its own layer and those under it`,
  severity: 'error',
  from: { path: inside(layer) },
  to: { path: inside(layers.slice(i + 1).flat()) },
}));

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'every-file-has-a-layer',
      comment: 'a new folder or top-level file is given its layer here before anything stands in it',
      severity: 'error',
      from: { path: '^src/', pathNot: [inside([...layers.flat(), 'wasm/', 'plot/'])] },
      to: {},
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'a file that nothing imports is dead, unless it is one of the five entry points',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/((wasm|plot|workers|nats)/)?index\\.ts$' },
      to: {},
    },
    {
      name: 'main-entry-does-not-know-wasm-or-plot',
      comment: 'wasm/ and plot/ are entry points of their own: the main one runs without them',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(wasm|plot|worker-command)/' },
      to: { path: '^src/(wasm|plot)/' },
    },
    {
      name: 'wasm-stands-alone',
      severity: 'error',
      from: { path: '^src/wasm/' },
      to: { path: '^src/', pathNot: '^src/(wasm/|(errors|options)\\.ts$)' },
    },
    {
      name: 'plot-stands-alone',
      comment: 'plot/ turns plain records into pictures: of the rest it may know types and errors',
      severity: 'error',
      from: { path: '^src/plot/' },
      to: {
        path: '^src/',
        pathNot: '^src/(plot/|(errors|options)\\.ts$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'plot-loads-renderers-on-demand',
      comment: 'vega, vega-lite and resvg are optional: a static import would make them needed',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: packages(['vega[^/]*', '@resvg/[^/]+']),
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'plot-draws-without-tensors',
      severity: 'error',
      from: { path: '^src/plot/' },
      to: { path: packages(['@tensorflow/[^/]+']) },
    },
    {
      name: 'solvers-know-operators-only',
      comment: 'a solver knows LinearOperator: never a model, a loss or the tape',
      severity: 'error',
      from: { path: '^src/solvers/' },
      to: { path: '^src/(autodiff/|objectives/)' },
    },
    {
      name: 'numerics-do-not-run-layers',
      comment: 'tfjs-layers appears as types, except where a model is run or gradients have to be registered',
      severity: 'error',
      from: { path: '^src/(errors|parameters|random|solvers/|estimators/)' },
      to: { path: packages(['@tensorflow/tfjs-layers']), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-deep-tfjs-imports',
      comment: 'deep imports of tfjs fail in Node in every form',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'tfjs-(core|layers)/dist/(?!index|tf-)' },
    },
    {
      name: 'only-declared-packages',
      comment:
        'what src/ imports is a dependency or a peer: a dev dependency is missing for whoever installs us',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer', 'type-only'],
      },
    },
    {
      name: 'no-node-in-src',
      comment: 'src/ runs in browsers too, but for the command',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/worker-command/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/wasm/assembly' },
  },
};

// For the test that holds the table in CONTRIBUTING.md to the layers. Not enumerable: dependency-cruiser refuses keys that it
// does not know.
Object.defineProperty(module.exports, 'layers', { value: layers });
