import type { Drawing, Line } from './charts.js';
import type { AnswersByRun, RunName, ShownExamples, TrainingUpdate } from './records.js';
import type { Settings } from './settings.js';

/** Which colour a run is drawn in. */
export const colours = { SGD: 'sgd', NSGD: 'nsgd' } as const;

/** All that a run has told, and how it is drawn. */
export class TrainingHistory {
  readonly updates: TrainingUpdate[] = [];
  /** What the page shows of the data; null until the worker has told. */
  shown: ShownExamples | null = null;
  /** What the nets made of it at the latest update. */
  answers: AnswersByRun = {};

  /** @param settings as they are now: some change while it trains */
  constructor(public settings: Settings) {}

  add(update: TrainingUpdate, answers: AnswersByRun): void {
    this.updates.push(update);
    this.answers = answers;
  }

  get latest(): TrainingUpdate | null {
    return this.updates.at(-1) ?? null;
  }

  progress(key: 'loss' | 'accuracy'): Drawing {
    return this.drawing(this.eachRun(({ progress }, name) => progress[name]?.[key] ?? null));
  }

  /** λ₁ of each run by name, the next ones fainter and without, and 2/η. */
  eigenvalues(): Drawing {
    const ranks = Array.from({ length: this.settings.directions }, (_, i) => i);
    const lines = ranks.flatMap((i) =>
      this.eachRun(({ curvature }, name) => curvature[name]?.eigenvalues[i] ?? null).map((line): Line => ({
        ...line,
        opacity: i === 0 ? 1 : 0.35,
        isNamed: i === 0,
      })),
    );
    const bound = this.updates.map(({ learningRate }) => 2 / learningRate);
    return this.drawing([...lines, { label: '2/η', colour: 'reference', isDashed: true, values: bound }]);
  }

  topShare(): Drawing {
    return this.drawing(this.eachRun(({ curvature }, name) => curvature[name]?.topShare ?? null));
  }

  private drawing(lines: Line[]): Drawing {
    return { xs: this.updates.map(({ step }) => step), lines };
  }

  private eachRun(value: (update: TrainingUpdate, name: RunName) => number | null): Line[] {
    return this.names().map((name) => ({
      label: name,
      colour: colours[name],
      values: this.updates.map((update) => value(update, name)),
    }));
  }

  private names(): RunName[] {
    return Object.keys(this.updates[0]?.progress ?? {}) as RunName[];
  }
}

/** A small number as a Unicode subscript. */
export function subscript(n: number): string {
  return [...String(n)].map((digit) => String.fromCharCode(0x2080 + Number(digit))).join('');
}
