import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { fittedRange, logTicks } from './axes.js';
import { cssColour, onThemeChange } from './theme.js';

/** One line of a chart. `null` leaves a gap. */
export interface Line {
  readonly label: string;
  readonly values: (number | null)[];
  /** Which colour of the page's palette: `--line-…` in its style sheet. */
  readonly colour: 'sgd' | 'nsgd' | 'flat' | 'reference' | 'step';
  /** Whether the legend names it; by default it does. */
  readonly isNamed?: boolean;
  /** Fainter lines are the less important ones of their colour. */
  readonly opacity?: number;
  readonly isDashed?: boolean;
  /** Whether dots mark where the line begins and ends. A line of one point is such a dot in any case. */
  readonly hasEnds?: boolean;
  /** Whether `null` interrupts the line. By default its neighbours are joined. */
  readonly hasGaps?: boolean;
}

/** Lines over common xs. */
export interface Drawing {
  readonly xs: number[];
  readonly lines: Line[];
}

/** Axes of a chart. */
export interface Axes {
  readonly x: string;
  /** Whether y is logarithmic; it must then be positive. */
  readonly isLog?: boolean;
}

const height = 200;

/** A line chart in an element of the page, drawn by uPlot in the colours of the page, light or dark. */
export class LineChart {
  private plot: uPlot | null = null;
  private drawing: Drawing | null = null;
  private shape = '';

  constructor(
    private readonly host: HTMLElement,
    private readonly axes: Axes,
  ) {
    new ResizeObserver(() => {
      if (this.host.clientWidth > 0) this.plot?.setSize({ width: this.host.clientWidth, height });
    }).observe(host);
    onThemeChange(() => {
      const { drawing } = this;
      this.forget();
      if (drawing != null) this.show(drawing);
    });
  }

  /** Draws lines in place of what was drawn. */
  show(drawing: Drawing): void {
    const { xs, lines } = drawing;
    const data: uPlot.AlignedData = [xs, ...lines.map((line) => line.values)];
    const shape = JSON.stringify(lines.map(({ label, colour }) => [label, colour]));
    if (this.plot != null && shape === this.shape) {
      this.drawing = drawing;
      this.plot.setData(data);
      return;
    }
    this.forget();
    this.drawing = drawing;
    this.shape = shape;
    this.host.append(legend(lines));
    this.plot = new uPlot(this.options(lines), data, this.host);
  }

  /** Removes the drawing. */
  forget(): void {
    this.drawing = null;
    this.plot?.destroy();
    this.plot = null;
    this.host.replaceChildren();
  }

  private options(lines: readonly Line[]): uPlot.Options {
    const isLog = this.axes.isLog === true;
    const axis = {
      stroke: cssColour('--muted'),
      grid: { stroke: cssColour('--grid'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    return {
      width: Math.max(this.host.clientWidth, 100),
      height,
      scales: {
        x: { time: false },
        y: { distr: isLog ? 3 : 1, range: (_, least, most) => fittedRange(least, most, isLog) },
      },
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      axes: [
        { ...axis, label: this.axes.x, labelSize: 18, labelFont: axis.font, size: 26 },
        {
          ...axis,
          ...(isLog && { splits: (_, __, low, high) => logTicks(low, high), filter: (_, splits) => splits }),
          // On its own uPlot rounds to three decimals: the 0.0001 of a logarithmic axis would be a 0.
          values: (_, splits) => splits.map((value) => `${Number(value.toPrecision(6))}`),
          size: 48,
        },
      ],
      series: [
        {},
        ...lines.map((line) => {
          const stroke = cssColour(`--line-${line.colour}`, line.opacity);
          return {
            label: line.label,
            stroke,
            width: 2,
            points: { show: true, size: 8, fill: stroke, filter: endsOf(line) },
            spanGaps: line.hasGaps !== true,
            ...(line.isDashed === true && { dash: [6, 4] }),
          };
        }),
      ],
    };
  }
}

/** The lines by name. */
function legend(lines: readonly Line[]): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'legend';
  for (const { label, colour, isDashed, isNamed } of lines) {
    if (isNamed === false) continue;
    const sample = document.createElement('span');
    sample.style.borderColor = `var(--line-${colour})`;
    if (isDashed === true) sample.style.borderTopStyle = 'dashed';
    const item = document.createElement('li');
    item.append(sample, label);
    list.append(item);
  }
  return list;
}

/** Where a line has dots: indices of its points. */
function endsOf({ hasEnds }: Line): (plot: uPlot, i: number) => number[] {
  return ({ data }, i) => {
    const values = data[i]!;
    const drawn = Array.from(values.keys()).filter((at) => values[at] != null);
    return hasEnds === true || drawn.length === 1 ? [...drawn.slice(0, 1), ...drawn.slice(-1)] : [];
  };
}
