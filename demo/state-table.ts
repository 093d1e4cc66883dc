import type { TrainingUpdate } from './records.js';
import { percent, short, steps } from './words.js';

/** Shows the latest numbers of all runs as a table, a run a row. */
export class StateTable {
  constructor(private readonly table: HTMLTableElement) {}

  show({ step, learningRate, progress, curvature }: TrainingUpdate): void {
    this.table.caption!.textContent = `After ${steps(step)}; 2/η is ${short(2 / learningRate)}`;
    const rows = Object.entries(progress).map(([name, { loss, accuracy }]) => {
      const { eigenvalues, topShare } = curvature[name as keyof typeof curvature]!;
      const [sharpness] = eigenvalues;
      const cells = [
        loss.toFixed(4),
        percent(accuracy),
        sharpness == null ? 'not found' : short(sharpness),
        topShare == null ? '–' : percent(topShare),
      ];
      return row(name, cells);
    });
    this.table.tBodies[0]!.replaceChildren(...rows);
  }
}

function row(name: string, cells: readonly string[]): HTMLTableRowElement {
  const made = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = name;
  made.append(head);
  for (const text of cells) made.insertCell().textContent = text;
  return made;
}
