import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** One line of a chart. `null` leaves a gap. */
export interface Line {
  readonly label: string;
  readonly values: (number | null)[];
  /** Which colour of the page's palette: `--line-…` in its style sheet. */
  readonly colour: 'sgd' | 'nsgd' | 'reference' | 'step';
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
  readonly y: string;
  /** Whether y is logarithmic; it must then be positive. */
  readonly isLog?: boolean;
}

const height = 220;

/** A line chart in an element of the page, drawn by uPlot in the colours of the page's present theme. */
export class LineChart {
  private plot: uPlot | null = null;
  private shape = '';

  constructor(
    private readonly host: HTMLElement,
    private readonly axes: Axes,
  ) {
    new ResizeObserver(() => {
      if (this.host.clientWidth > 0) this.plot?.setSize({ width: this.host.clientWidth, height });
    }).observe(host);
  }

  /** Draws lines in place of what was drawn. */
  show({ xs, lines }: Drawing): void {
    const data: uPlot.AlignedData = [xs, ...lines.map((line) => line.values)];
    const shape = JSON.stringify(lines.map(({ label, colour }) => [label, colour]));
    if (this.plot != null && shape === this.shape) {
      this.plot.setData(data);
      return;
    }
    this.forget();
    this.shape = shape;
    this.plot = new uPlot(this.options(lines), data, this.host);
  }

  /** Removes the drawing; the next one reads the colours of the page anew. */
  forget(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  private options(lines: readonly Line[]): uPlot.Options {
    const style = getComputedStyle(this.host);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--text'), grid: { stroke: colour('--grid') }, ticks: { show: false } };
    return {
      width: Math.max(this.host.clientWidth, 100),
      height,
      scales: { x: { time: false }, y: this.axes.isLog === true ? { distr: 3 } : {} },
      legend: {
        live: false,
        markers: { dash: (plot, i) => (plot.series[i]?.dash == null ? 'solid' : 'dashed') },
      },
      cursor: { drag: { x: false, y: false } },
      axes: [
        { ...axis, label: this.axes.x, labelSize: 20, size: 28 },
        {
          ...axis,
          grid: { ...axis.grid, filter: wholePowers(this.axes) },
          // On its own uPlot rounds to three decimals: the 0.0001 of a logarithmic axis would be a 0.
          values: (_, splits) =>
            splits.map((value) => (value == null ? '' : `${Number(value.toPrecision(6))}`)),
          label: this.axes.y,
          labelSize: 20,
          size: 56,
        },
      ],
      series: [
        {},
        ...lines.map((line) => {
          const stroke = withOpacity(colour(`--line-${line.colour}`), line.opacity ?? 1);
          return {
            label: line.label,
            stroke,
            width: line.colour === 'reference' ? 3 : 2,
            points: { show: true, size: 8, fill: stroke, filter: endsOf(line) },
            spanGaps: line.hasGaps !== true,
            ...(line.isDashed === true && { dash: [6, 4] }),
          };
        }),
      ],
    };
  }
}

/** On a logarithmic axis, lines at powers of ten only. */
function wholePowers({ isLog }: Axes): (plot: uPlot, splits: number[]) => (number | null)[] {
  return (_, splits) =>
    isLog === true ? splits.map((value) => (Math.abs(Math.log10(value) % 1) < 1e-9 ? value : null)) : splits;
}

/** Where a line has dots: indices of its points. */
function endsOf({ hasEnds }: Line): (plot: uPlot, i: number) => number[] {
  return ({ data }, i) => {
    const values = data[i]!;
    const drawn = Array.from(values.keys()).filter((at) => values[at] != null);
    return hasEnds === true || drawn.length === 1 ? [...drawn.slice(0, 1), ...drawn.slice(-1)] : [];
  };
}

/** A colour `#rrggbb` with an alpha from 0 to 1. */
function withOpacity(colour: string, opacity: number): string {
  const alpha = Math.round(opacity * 255);
  return `${colour}${alpha.toString(16).padStart(2, '0')}`;
}
