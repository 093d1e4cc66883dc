/** What a run of the page is made of. Everything is in the URL, so that a run can be shared. */
export interface Settings {
  readonly data: (typeof dataSets)[number];
  readonly net: (typeof nets)[number];
  readonly backend: (typeof backends)[number];
  /** Which optimizers train, side by side from the same weights. */
  readonly optimizer: (typeof optimizers)[number];
  /** η, the length of a step. */
  readonly learningRate: number;
  /** S, examples a step. */
  readonly batchSize: number;
  /** γ, what NSGD multiplies the step by along the sharpest directions. */
  readonly gamma: number;
  /** K, how many directions. */
  readonly directions: number;
  readonly momentum: number;
}

export const dataSets = ['moons', 'circles', 'spirals'] as const;
export const nets = ['8', '16-16', '32-32-32'] as const;
export const backends = ['wasm', 'webgl', 'webgpu', 'cpu'] as const;
export const optimizers = ['both', 'sgd', 'nsgd'] as const;

export const defaults: Settings = {
  data: 'moons',
  net: '16-16',
  backend: 'wasm',
  optimizer: 'both',
  learningRate: 0.3,
  batchSize: 32,
  gamma: 0.1,
  directions: 3,
  momentum: 0,
};

/** A setting that cannot be, in words for whoever typed it. */
export interface Problem {
  readonly name: keyof Settings;
  readonly message: string;
}

const choices = { data: dataSets, net: nets, backend: backends, optimizer: optimizers };

interface Range {
  readonly name: 'learningRate' | 'batchSize' | 'gamma' | 'directions' | 'momentum';
  readonly label: string;
  readonly isWhole: boolean;
  readonly isValid: (value: number) => boolean;
  readonly expected: string;
}

const ranges: readonly Range[] = [
  {
    name: 'learningRate',
    label: 'Learning rate η',
    isWhole: false,
    isValid: (value) => value > 0 && Number.isFinite(value),
    expected: 'a number above 0',
  },
  {
    name: 'batchSize',
    label: 'Batch size S',
    isWhole: true,
    isValid: (value) => value >= 1 && value <= 256,
    expected: 'a whole number from 1 to 256',
  },
  {
    name: 'gamma',
    label: 'Nudge γ',
    isWhole: false,
    isValid: (value) => value >= 0 && value <= 10,
    expected: 'a number from 0 to 10',
  },
  {
    name: 'directions',
    label: 'Directions K',
    isWhole: true,
    isValid: (value) => value >= 1 && value <= 10,
    expected: 'a whole number from 1 to 10',
  },
  {
    name: 'momentum',
    label: 'Momentum',
    isWhole: false,
    isValid: (value) => value >= 0 && value < 1,
    expected: 'a number from 0, below 1',
  },
];

/**
 * Settings from a form or the query of a URL. What is missing takes its default; what is wrong does too, and is told.
 */
export function readSettings(given: URLSearchParams): { settings: Settings; problems: Problem[] } {
  const settings: Record<string, string | number> = { ...defaults };
  const problems: Problem[] = [];
  for (const [name, values] of Object.entries(choices)) {
    const text = given.get(name);
    if (text == null) continue;
    if ((values as readonly string[]).includes(text)) settings[name] = text;
    else problems.push({ name: name as keyof Settings, message: `${name}: expected ${values.join(', ')}.` });
  }
  for (const { name, label, isWhole, isValid, expected } of ranges) {
    const text = given.get(name);
    if (text == null) continue;
    const value = text.trim() === '' ? NaN : Number(text);
    if (isValid(value) && (!isWhole || Number.isInteger(value))) settings[name] = value;
    else problems.push({ name, message: `${label}: expected ${expected}.` });
  }
  return { settings: settings as unknown as Settings, problems };
}

/** Settings as the query of a URL. */
export function writeSettings(settings: Settings): URLSearchParams {
  return new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}
