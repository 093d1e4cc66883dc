import type { Settings } from './settings.js';

/** A run with a name, and what there is to see in it. */
interface Preset {
  readonly label: string;
  /** What it has beside the defaults. */
  readonly settings: Partial<Settings>;
  readonly watch: string;
}

/** Runs that show a point within some seconds. `?preset=…` in the address starts one. */
export const presets = {
  overshoot: {
    label: 'steps that overshoot',
    settings: { optimizer: 'sgd', learningRate: 2.4 },
    watch:
      'η is so long that the loss jumps up again and again. Lower η to 0.5 while it runs: it only falls.',
  },
  edge: {
    label: 'the edge of stability',
    settings: { optimizer: 'sgd', learningRate: 0.7 },
    watch: 'The sharpness climbs until it meets the dashed line 2/η. Then change η: the line moves.',
  },
  nudge: {
    label: 'nudged: sharper and faster',
    settings: { gamma: 0.01 },
    watch: 'NSGD leaves out the sharpest directions: its loss falls sooner, and its sharpness rises more.',
  },
  flat: {
    label: 'nudged the other way: flatter',
    settings: { gamma: 5 },
    watch: 'NSGD steps five times as far along the sharpest directions: it stays where the loss is flatter.',
  },
  spectrum: {
    label: 'what the sharp directions are',
    settings: { optimizer: 'sgd' },
    watch: 'After some 150 steps press Measure now under Spectrum: a few bumps far from the peak at 0.',
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** The preset of a name, or null. */
export function presetOf(name: string | null): Preset | null {
  return name != null && Object.hasOwn(presets, name) ? presets[name as PresetName] : null;
}
