import type { Line } from './charts.js';
import type { CurvaturePoint, ProgressRecord, RunName, TrainingUpdate } from './records.js';
import type { Settings } from './settings.js';

/** Which colour a run is drawn in. */
export const colours = { SGD: 'sgd', NSGD: 'nsgd' } as const;

/** A chart's worth of numbers. */
export interface Drawing {
  readonly xs: number[];
  readonly lines: Line[];
}

/** All that a run has told, and how it is drawn. */
export class TrainingHistory {
  private readonly updates: TrainingUpdate[] = [];

  constructor(private readonly settings: Settings) {}

  add(update: TrainingUpdate): void {
    this.updates.push(update);
  }

  get latest(): TrainingUpdate | null {
    return this.updates.at(-1) ?? null;
  }

  get latestCurvature(): TrainingUpdate | null {
    return this.measured().at(-1) ?? null;
  }

  /** Everything, for a file. */
  toJSON(): object {
    return { settings: this.settings, updates: this.updates };
  }

  progress(key: 'loss' | 'accuracy'): Drawing {
    const value = (record: ProgressRecord | undefined): number | null => record?.[key] ?? null;
    return {
      xs: this.updates.map(({ step }) => step),
      lines: this.names().map((name) => ({
        label: name,
        colour: colours[name],
        values: this.updates.map(({ progress }) => value(progress[name])),
      })),
    };
  }

  eigenvalues(): Drawing {
    const measured = this.measured();
    const { directions, learningRate } = this.settings;
    const lines = this.names().flatMap((name) =>
      Array.from({ length: directions }, (_, i): Line => ({
        label: `${name} λ${subscript(i + 1)}`,
        colour: colours[name],
        opacity: i === 0 ? 1 : 0.35,
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
    const measured = this.measured();
    return {
      xs: measured.map(({ step }) => step),
      lines: this.names().map((name) => ({
        label: name,
        colour: colours[name],
        values: measured.map(({ curvature }) => shareOf(curvature[name])),
      })),
    };
  }

  private measured(): TrainingUpdate[] {
    return this.updates.filter(({ curvature }) => Object.keys(curvature).length > 0);
  }

  private names(): RunName[] {
    return Object.keys(this.updates[0]?.progress ?? {}) as RunName[];
  }
}

function shareOf(point: CurvaturePoint | undefined): number | null {
  return point?.topShare ?? null;
}

/** A small number as a Unicode subscript. */
export function subscript(n: number): string {
  return [...String(n)].map((digit) => String.fromCharCode(0x2080 + Number(digit))).join('');
}
