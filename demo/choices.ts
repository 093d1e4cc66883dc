/** What a visitor can choose from, with the words for it. */

/** Whether a data set holds points of the plane or images of 28 × 28. */
export type DataKind = 'points' | 'images';

interface DataSet {
  readonly label: string;
  readonly kind: DataKind;
  /** Examples there are to learn from. They take turns: example i is of class i mod the number of classes. */
  readonly examples: number;
  readonly classes: readonly string[];
}

interface Net {
  readonly label: string;
  /** The data it can read. */
  readonly reads: readonly DataKind[];
}

export const dataSets = {
  moons: { label: 'two moons', kind: 'points', examples: 256, classes: ['upper', 'lower'] },
  circles: { label: 'two circles', kind: 'points', examples: 256, classes: ['inner', 'outer'] },
  spirals: { label: 'two spirals', kind: 'points', examples: 256, classes: ['first', 'second'] },
  mnist: { label: 'MNIST digits', kind: 'images', examples: 1000, classes: [...'0123456789'] },
  'fashion-mnist': {
    label: 'Fashion-MNIST',
    kind: 'images',
    examples: 1000,
    classes: [
      'T-shirt',
      'trousers',
      'pullover',
      'dress',
      'coat',
      'sandal',
      'shirt',
      'sneaker',
      'bag',
      'boot',
    ],
  },
} as const satisfies Record<string, DataSet>;

export const nets = {
  mlp: { label: 'MLP', reads: ['points', 'images'] },
  cnn: { label: 'small CNN', reads: ['images'] },
} as const satisfies Record<string, Net>;

export const backends = {
  wasm: { label: 'wasm' },
  webgl: { label: 'webgl' },
  webgpu: { label: 'webgpu' },
  cpu: { label: 'cpu' },
} as const;

export const optimizers = {
  both: { label: 'SGD and NSGD' },
  sgd: { label: 'SGD' },
  nsgd: { label: 'NSGD' },
} as const;

/** The selects of the form by the name of their setting. */
export const choices = { data: dataSets, net: nets, backend: backends, optimizer: optimizers };

export type DataName = keyof typeof dataSets;
export type NetName = keyof typeof nets;
export type BackendName = keyof typeof backends;
export type OptimizerChoice = keyof typeof optimizers;

/** Whether a net can read a data set. */
export function fits(net: NetName, data: DataName): boolean {
  const kinds: readonly DataKind[] = nets[net].reads;
  return kinds.includes(dataSets[data].kind);
}

/** Examples that losses and curvature are measured on. */
export const measuredExamples = 256;

/** Examples that the step has which sections and maps take for their unit: all at once have no noise to be seen. */
export const examplesOfUnit = 32;
