import type { BackendName, DataKind, DataName, NetName, OptimizerChoice } from './choices.js';
import { choices, dataSets, fits, nets } from './choices.js';
import { presetOf } from './presets.js';

/** What a run of the page is made of. Everything is in the URL, so that a run can be shared. */
export interface Settings {
  readonly data: DataName;
  readonly net: NetName;
  /** Units of each hidden layer of an MLP, filters of each convolution of a CNN, joined by hyphens: `16-16`. */
  readonly widths: string;
  readonly backend: BackendName;
  /** Which optimizers train, side by side from the same weights. */
  readonly optimizer: OptimizerChoice;
  /** η, the length of a step. */
  readonly learningRate: number;
  /** S, examples a step: drawn at random, or all, each once, where S is as many as there are. */
  readonly batchSize: number;
  /** γ, what NSGD multiplies the step by along the sharpest directions. */
  readonly gamma: number;
  /** K, how many directions. */
  readonly directions: number;
  readonly momentum: number;
}

/** What a run can be told while it trains. */
export const retunable = ['learningRate', 'gamma', 'momentum'] as const;
export type Retuning = Pick<Settings, (typeof retunable)[number]>;

/** A setting that cannot be, in words for whoever typed it. */
export interface Problem {
  readonly name: keyof Settings;
  readonly message: string;
}

/** The largest layer: 4096 × 4096 weights take 64 MiB, and training takes some ten times what the weights take. */
const widest = 4096;
const mostLayers = 4;

type Tuning = Pick<Settings, 'widths' | 'learningRate' | 'batchSize' | 'directions'>;

/** What shows SGD and NSGD apart within some hundred steps, by kind of data and net. Points are taken all at once. */
const tuned: Record<DataKind, Partial<Record<NetName, Tuning>> & { readonly mlp: Tuning }> = {
  points: { mlp: { widths: '16-16', learningRate: 0.5, batchSize: 256, directions: 2 } },
  images: {
    mlp: { widths: '32', learningRate: 0.1, batchSize: 32, directions: 3 },
    cnn: { widths: '8-16', learningRate: 0.1, batchSize: 32, directions: 3 },
  },
};

/** What a data set and a net are started with unless told otherwise. */
export function defaultsFor(data: DataName, net: NetName): Settings {
  const { kind } = dataSets[data];
  return {
    data,
    net,
    ...(tuned[kind][net] ?? tuned[kind].mlp),
    backend: 'wasm',
    optimizer: 'both',
    gamma: 0.01,
    momentum: 0,
  };
}

/** A field that is typed into. */
interface Entry {
  readonly label: string;
  readonly expected: string;
  /** The setting, or null for what it cannot be. */
  readonly read: (text: string) => string | number | null;
}

const entries = (data: DataName): Record<string, Entry> => ({
  widths: {
    label: 'Widths',
    expected: `1 to ${mostLayers} whole numbers from 1 to ${widest}, joined by hyphens, such as 16-16`,
    read: (text) => {
      const isRight = widthsOf(text).every(
        (width) => Number.isInteger(width) && width >= 1 && width <= widest,
      );
      return isRight && widthsOf(text).length <= mostLayers ? widthsOf(text).join('-') : null;
    },
  },
  learningRate: {
    label: 'Learning rate η',
    expected: 'a number above 0',
    read: number((value) => value > 0 && Number.isFinite(value)),
  },
  batchSize: {
    label: 'Batch size S',
    expected: `a whole number from 1 to ${dataSets[data].examples}, as many as there are examples`,
    read: number((value) => Number.isInteger(value) && value >= 1 && value <= dataSets[data].examples),
  },
  gamma: {
    label: 'Nudge γ',
    expected: 'a number from 0 to 10',
    read: number((value) => value >= 0 && value <= 10),
  },
  directions: {
    label: 'Directions K',
    expected: 'a whole number from 1 to 10',
    read: number((value) => Number.isInteger(value) && value >= 1 && value <= 10),
  },
  momentum: {
    label: 'Momentum',
    expected: 'a number from 0, below 1',
    read: number((value) => value >= 0 && value < 1),
  },
});

function number(isValid: (value: number) => boolean): Entry['read'] {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    return isValid(value) ? value : null;
  };
}

/** The numbers of `16-16`. What is no number comes out as NaN. */
export function widthsOf(text: string): number[] {
  return text.split('-').map((part) => (part.trim() === '' ? NaN : Number(part)));
}

/**
 * Settings from a form or the query of a URL. What is missing takes its default; what is wrong does too, and is told.
 * With `preset=…` the settings of that preset are there unless given otherwise.
 */
export function readSettings(query: URLSearchParams): { settings: Settings; problems: Problem[] } {
  const preset = Object.entries(presetOf(query.get('preset'))?.settings ?? {});
  const given = new URLSearchParams(preset.map(([name, value]) => [name, String(value)]));
  for (const [name, value] of query) given.set(name, value);
  const problems: Problem[] = [];
  const choose = <K extends keyof typeof choices>(name: K, fallback: Settings[K]): Settings[K] => {
    const text = given.get(name);
    if (text == null || Object.hasOwn(choices[name], text)) return (text as Settings[K] | null) ?? fallback;
    const expected = Object.keys(choices[name]).join(', ');
    problems.push({ name, message: `${name}: expected ${expected}.` });
    return fallback;
  };
  const data = choose('data', 'moons');
  let net = choose('net', 'mlp');
  if (!fits(net, data)) {
    const message = `Net: a ${nets[net].label} reads images, and ${dataSets[data].label} are points: take an MLP.`;
    problems.push({ name: 'net', message });
    net = 'mlp';
  }
  const defaults = defaultsFor(data, net);
  const settings: Record<string, string | number> = {
    ...defaults,
    backend: choose('backend', defaults.backend),
    optimizer: choose('optimizer', defaults.optimizer),
  };
  for (const [name, { label, expected, read }] of Object.entries(entries(data))) {
    const text = given.get(name);
    if (text == null) continue;
    const value = read(text);
    if (value != null) settings[name] = value;
    else problems.push({ name: name as keyof Settings, message: `${label}: expected ${expected}.` });
  }
  return { settings: settings as unknown as Settings, problems };
}

/** Settings as the query of a URL. */
export function writeSettings(settings: Settings): URLSearchParams {
  return new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}
