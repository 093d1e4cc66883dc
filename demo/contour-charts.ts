import type * as Plot from '@observablehq/plot';
import type { LossSlice } from './records.js';

/** Width of one chart at most. */
const widest = 420;

/** Maps of the loss, one for each run, drawn by Observable Plot, which is downloaded when it is first needed. */
export class ContourCharts {
  private shown: readonly LossSlice[] = [];
  private width = 0;

  constructor(private readonly host: HTMLElement) {
    new ResizeObserver(() => {
      if (host.clientWidth !== this.width) void this.redraw();
    }).observe(host);
  }

  /** Draws the slices in place of what was drawn. */
  async draw(slices: readonly LossSlice[]): Promise<void> {
    this.shown = slices;
    await this.redraw();
  }

  forget(): void {
    this.shown = [];
    this.host.replaceChildren();
  }

  private async redraw(): Promise<void> {
    const slices = this.shown;
    if (slices.length === 0) return;
    const plot = await import('@observablehq/plot');
    if (slices !== this.shown) return;
    this.width = this.host.clientWidth;
    const width = Math.min(this.width, widest);
    const scale = sharedScale(slices);
    const legend = document.createElement('div');
    legend.className = 'scale';
    legend.append(plot.legend({ color: scale.color, width: Math.min(width, 320), tickFormat: '~g' }));
    this.host.replaceChildren(legend, ...slices.map((slice) => contours(plot, slice, width, scale)));
  }
}

/** One colour for one loss, in all maps; logarithmic, so that a map at a low loss shows as much as one at a high. */
interface Scale {
  readonly color: Plot.ScaleOptions;
  /** The losses that lines are drawn at. */
  readonly thresholds: readonly number[];
}

const levels = 12;

function sharedScale(slices: readonly LossSlice[]): Scale {
  const all = slices.flatMap(({ losses }) => losses.flat());
  const domain = [Math.min(...all), Math.max(...all)] as [number, number];
  const thresholds = Array.from(
    { length: levels },
    (_, i) => domain[0] * (domain[1] / domain[0]) ** (i / levels),
  );
  return { color: { type: 'log', scheme: 'viridis', label: 'Loss', domain }, thresholds };
}

function contours(plot: typeof Plot, slice: LossSlice, width: number, scale: Scale): HTMLElement {
  const { run, offsets, losses, gradientStep } = slice;
  const end = offsets.at(-1)!;
  // Plot takes the numbers for the middles of cells, and asks for the edges of the outermost.
  const edge = end + (offsets[1]! - offsets[0]!) / 2;
  const domain = [-end, end];
  const [x2, y2] = gradientStep as [number, number];
  // Drawn twice, so that it stands out from dark and light; the head grows with the stroke unless told otherwise.
  const step = (stroke: string, strokeWidth: number): Plot.Markish =>
    plot.arrow([0], { x1: 0, y1: 0, x2, y2, stroke, strokeWidth, headLength: 22 / strokeWidth, clip: true });
  const map = plot.plot({
    width,
    height: width,
    style: { fontSize: '12px' },
    marginTop: 32,
    marginBottom: 44,
    className: 'contours',
    ariaLabel: `Map of the loss of ${run}`,
    x: { label: 'steps along e₁', domain, labelAnchor: 'center', labelOffset: 36 },
    y: { label: 'steps along e₂', domain },
    color: scale.color,
    marks: [
      plot.contour(losses.flat(), {
        width: offsets.length,
        height: offsets.length,
        x1: -edge,
        x2: edge,
        y1: -edge,
        y2: edge,
        fill: plot.identity,
        stroke: 'black',
        strokeOpacity: 0.4,
        thresholds: [...scale.thresholds],
        clip: true,
      }),
      step('black', 5),
      step('white', 2.5),
      plot.dot([0], { x: 0, y: 0, r: 4, fill: 'white', stroke: 'black' }),
    ],
  });
  // One picture with a name, and not a group of lines and numbers to be read out one by one.
  map.setAttribute('role', 'img');
  for (const part of map.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  const figure = document.createElement('div');
  const name = document.createElement('p');
  name.textContent = run;
  figure.append(name, map);
  return figure;
}
