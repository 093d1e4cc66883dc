import { requireArgument } from '../errors.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, number, oneOf, text } from '../options.js';
import type { Palette, Theme } from './theme.js';
import { configOf, paletteOf, vegaConfigOf } from './theme.js';

/** A Vega-Lite 6 specification: plain JSON that any Vega renderer draws. */
export interface VegaLiteSpec {
  readonly $schema: string;
  readonly [property: string]: unknown;
}

/** A Vega 6 specification, where Vega-Lite has no word for what is drawn. */
export interface VegaSpec {
  readonly $schema: string;
  readonly marks: readonly SpecPart[];
  readonly [property: string]: unknown;
}

/** What all charts can be told. */
export interface ChartOptions {
  /** Heading. Default: what the chart shows. */
  readonly title?: string;
  /** A line under the heading, e.g. the model and the data. */
  readonly subtitle?: string;
  /** Default: `light`. */
  readonly theme?: Theme;
  /** Width of the plotting area, or of one panel where panels stand side by side, in pixels. */
  readonly width?: number;
  /** Height of the plotting area, or of one panel, in pixels. */
  readonly height?: number;
}

/** Pixels of a side: more than any screen or page has, and less than renderers fail at. */
const pixels = number({ above: 0, to: 10_000 });

/** The schema of {@link ChartOptions} with the defaults of a chart. */
export function chartSchema(title: string, width: number, height: number) {
  return {
    title: byDefault(text, title),
    subtitle: text,
    theme: byDefault(oneOf('light', 'dark'), 'light'),
    width: byDefault(pixels, width),
    height: byDefault(pixels, height),
  } satisfies Schema<ChartOptions>;
}

/** A part of a specification. */
export type SpecPart = Readonly<Record<string, unknown>>;

/** Options with every default filled in, and the colours they lead to. */
export interface Frame {
  readonly title: string;
  readonly subtitle: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly palette: Palette;
}

/** The frame of a chart as its options say. */
export function frameOf({
  title,
  subtitle,
  width,
  height,
  theme,
}: Settings<ChartOptions, ReturnType<typeof chartSchema>>): Frame {
  return { title, subtitle: subtitle ? [subtitle] : [], width, height, palette: paletteOf(theme) };
}

/** The whole specification: `body` under its heading, in the colours of its theme. */
export function specOf(frame: Frame, body: SpecPart): VegaLiteSpec {
  const $schema = 'https://vega.github.io/schema/vega-lite/v6.json';
  return { $schema, ...headingOf(frame), ...body, config: configOf(frame.palette) };
}

/** The same in the language of Vega. */
export function vegaSpecOf(frame: Frame, body: SpecPart & Pick<VegaSpec, 'marks'>): VegaSpec {
  const $schema = 'https://vega.github.io/schema/vega/v6.json';
  return { $schema, ...headingOf(frame), ...body, config: vegaConfigOf(frame.palette) };
}

function headingOf({ title, subtitle, palette }: Frame): SpecPart {
  return {
    background: palette.background,
    padding: 20,
    title: { text: title, ...(subtitle.length > 0 && { subtitle }) },
  };
}

/** The frame with a line that tells how many losses overflowed and could not be drawn, as that is worth knowing. */
export function withOmissions(frame: Frame, omitted: number): Frame {
  if (omitted === 0) return frame;
  const note = `not drawn: ${omitted} ${omitted === 1 ? 'loss' : 'losses'} that overflowed`;
  return { ...frame, subtitle: [...frame.subtitle, note] };
}

/**
 * Throws unless there is something to draw.
 *
 * @param expected what a record would need to have to be drawn
 */
export function requireRows(rows: readonly unknown[], where: string, expected: string): void {
  requireArgument(rows.length > 0, where, expected, 'nothing to draw');
}
