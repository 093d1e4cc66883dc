import type { Drawing, Line } from './charts.js';
import type { RunName, TrainingUpdate } from './records.js';
import type { Settings } from './settings.js';

/** Which colour a run is drawn in. */
export const colours = { SGD: 'sgd', NSGD: 'nsgd' } as const;

type MeasuredUpdate = TrainingUpdate & { readonly curvature: NonNullable<TrainingUpdate['curvature']> };

/** All that a run has told, and how it is drawn. */
export class TrainingHistory {
  readonly updates: TrainingUpdate[] = [];
  /** The updates that the curvature was measured for. */
  private readonly measured: MeasuredUpdate[] = [];

  constructor(readonly settings: Settings) {}

  add(update: TrainingUpdate): void {
    this.updates.push(update);
    const { curvature } = update;
    if (curvature != null) this.measured.push({ ...update, curvature });
  }

  get latest(): TrainingUpdate | null {
    return this.updates.at(-1) ?? null;
  }

  get latestMeasured(): MeasuredUpdate | null {
    return this.measured.at(-1) ?? null;
  }

  progress(key: 'loss' | 'accuracy'): Drawing {
    return {
      xs: this.updates.map(({ step }) => step),
      lines: this.names().map((name) => ({
        label: name,
        colour: colours[name],
        values: this.updates.map(({ progress }) => progress[name]?.[key] ?? null),
      })),
    };
  }

  eigenvalues(): Drawing {
    const { measured } = this;
    const { directions, learningRate } = this.settings;
    const lines = this.names().flatMap((name) =>
      Array.from({ length: directions }, (_, i): Line => ({
        label: `${name} λ${subscript(i + 1)}`,
        colour: colours[name],
        opacity: i === 0 ? 1 : 0.55,
        values: measured.map(({ curvature }) => curvature[name]?.eigenvalues[i] ?? null),
      })),
    );
    lines.push({
      label: '2/η',
      colour: 'reference',
      isDashed: true,
      values: measured.map(() => 2 / learningRate),
    });
    return { xs: measured.map(({ step }) => step), lines };
  }

  topShare(): Drawing {
    const { measured } = this;
    return {
      xs: measured.map(({ step }) => step),
      lines: this.names().map((name) => ({
        label: name,
        colour: colours[name],
        values: measured.map(({ curvature }) => curvature[name]?.topShare ?? null),
      })),
    };
  }

  private names(): RunName[] {
    return Object.keys(this.updates[0]?.progress ?? {}) as RunName[];
  }
}

/** A small number as a Unicode subscript. */
export function subscript(n: number): string {
  return [...String(n)].map((digit) => String.fromCharCode(0x2080 + Number(digit))).join('');
}
