/** Background and ink of a chart. */
export type Theme = 'light' | 'dark';

/** The colours of a theme, by what they are for. */
export interface Palette {
  readonly background: string;
  readonly text: string;
  /** Axis labels, reference lines and what else stands back. */
  readonly subtle: string;
  readonly grid: string;
  /** One colour per series. */
  readonly series: readonly string[];
  /** First to last of an ordered series, as extent of the viridis scheme. */
  readonly ordered: readonly [number, number];
  /** A loss that went down. */
  readonly better: string;
  /** A loss that went up. */
  readonly worse: string;
}

// Series colours: M. Okabe, K. Ito, "Color Universal Design" (2008), told apart with every common colour blindness.
// Each theme leaves out the ones too near to its own background: yellow on light, black on dark.
const BLUE = '#0072b2';
const SKY = '#56b4e9';
const GREEN = '#009e73';
const ORANGE = '#e69f00';
const VERMILION = '#d55e00';
const PURPLE = '#cc79a7';
const YELLOW = '#f0e442';

const palettes: Record<Theme, Palette> = {
  light: {
    background: '#ffffff',
    text: '#1f2328',
    subtle: '#57606a',
    grid: '#e6e8eb',
    series: [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, '#000000', '#7f7f7f'],
    ordered: [0, 0.85],
    better: BLUE,
    worse: VERMILION,
  },
  dark: {
    background: '#14181d',
    text: '#e6edf3',
    subtle: '#9aa4b0',
    grid: '#2a313a',
    series: [SKY, ORANGE, GREEN, VERMILION, PURPLE, YELLOW, '#ffffff', '#8c959f'],
    ordered: [1, 0.25],
    better: SKY,
    worse: ORANGE,
  },
};

/** The colours of `theme`. */
export function paletteOf(theme: Theme): Palette {
  return palettes[theme];
}

// Faces that are there on Linux, macOS and Windows; none is shipped. DejaVu comes first because of the common faces on
// Linux it alone has the subscripts of λ₁ and e₁, for which a renderer would otherwise change faces.
const FONT = "'DejaVu Sans', Helvetica, Arial, sans-serif";

/** Vega-Lite's `config` for a palette. */
export function configOf({ text, subtle, grid, series, ordered }: Palette): Record<string, unknown> {
  return {
    font: FONT,
    view: { stroke: null },
    title: {
      color: text,
      subtitleColor: subtle,
      fontSize: 16,
      subtitleFontSize: 12,
      fontWeight: 600,
      anchor: 'start',
      frame: 'group',
      offset: 14,
      subtitlePadding: 5,
    },
    axis: {
      labelColor: subtle,
      titleColor: text,
      gridColor: grid,
      domainColor: subtle,
      tickColor: subtle,
      labelFontSize: 11,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      titlePadding: 8,
    },
    axisY: { domain: false, ticks: false },
    axisX: { grid: false, tickCount: 8 },
    header: { labelColor: text, titleColor: text, labelFontSize: 12 },
    legend: {
      orient: 'top',
      columns: 4,
      title: null,
      labelColor: text,
      labelFontSize: 12,
      // Vega reckons with half as much again as letters take.
      labelLimit: 480,
      symbolSize: 120,
      offset: 12,
      columnPadding: 18,
    },
    range: { category: [...series], ordinal: { scheme: 'viridis', extent: [...ordered] } },
    line: { strokeWidth: 2, strokeJoin: 'round' },
    text: { fontSize: 11 },
  };
}

/** The same for Vega, which knows no face for all texts at once. */
export function vegaConfigOf(palette: Palette): Record<string, unknown> {
  const { title, axis, legend, text, ...others } = configOf(palette) as Record<string, object>;
  const labels = { labelFont: FONT, titleFont: FONT };
  return {
    ...others,
    title: { ...title, font: FONT, subtitleFont: FONT },
    axis: { ...axis, ...labels },
    legend: { ...legend, ...labels, titleColor: palette.text },
    text: { ...text, font: FONT },
  };
}
