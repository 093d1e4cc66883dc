import type { Resvg } from '@resvg/resvg-js';
import type { VegaLiteSpec, VegaSpec } from './chart.js';
import { isListOf, requireArgument } from '../errors.js';
import type { Schema } from '../options.js';
import { byDefault, check, number, readOptions } from '../options.js';
import { importFailure } from './optional-package.js';

/** How a picture is made of a specification. */
export interface PngOptions {
  /** Pixels of the picture per pixel of the specification. Default: 2, sharp on most screens. */
  readonly scale?: number;
  /** Font files to use besides those of the system, which a bare container has none of. */
  readonly fontFiles?: readonly string[];
}

const fontFiles = check<readonly string[]>('{name}, a list of names', (value) =>
  isListOf(value, (file) => typeof file === 'string'),
);

/** A larger scale would be a picture that no memory holds. */
const schema = {
  scale: byDefault(number({ above: 0, to: 16 }), 2),
  fontFiles: byDefault(fontFiles, []),
} satisfies Schema<PngOptions>;

/** What a Vega-Lite specification has at least one of, and one of Vega always. */
const views = ['mark', 'layer', 'facet', 'concat', 'hconcat', 'vconcat', 'repeat', 'spec', 'marks'];

/** Throws a CurvatureArgumentError that names `where` unless `spec` looks like a specification. */
function requireSpec(spec: VegaLiteSpec | VegaSpec, where: string): void {
  const isView = typeof spec === 'object' && spec !== null && views.some((name) => Object.hasOwn(spec, name));
  requireArgument(isView, where, 'a Vega-Lite specification, such as a chart function returns', spec);
}

/**
 * Draws a specification as SVG, in plain Node or in a browser: no DOM is needed.
 *
 * @param spec what a chart function returns, or a specification of your own
 * @returns the text of an SVG document
 * @throws MissingPackageError unless `vega` and `vega-lite` are installed; CurvatureArgumentError for what is no
 *   specification
 *
 * @example
 * const records = [{ step: 0, sharpness: 3 }, { step: 10, sharpness: 7 }];
 * const svg = await toSvg(sharpnessChart([{ name: 'SGD', records }], { theme: 'dark' }));
 */
export async function toSvg(spec: VegaLiteSpec | VegaSpec): Promise<string> {
  requireSpec(spec, 'toSvg');
  const { vega, vegaLite } = await importVega('toSvg');
  const compiled = Object.hasOwn(spec, 'marks')
    ? (spec as unknown as Parameters<typeof vega.parse>[0])
    : vegaLite.compile(spec as unknown as Parameters<typeof vegaLite.compile>[0]).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * Draws a specification as PNG, in Node. Text is set in the fonts of the system.
 *
 * @param spec what a chart function returns, or a specification of your own
 * @param options see {@link PngOptions}
 * @returns the bytes of a PNG file
 * @throws MissingPackageError unless `vega`, `vega-lite` and `@resvg/resvg-js` are installed; CurvatureArgumentError for
 *   what is no specification; Error in a browser, where {@link toSvg} draws
 *
 * @example
 * const records = [{ step: 0, sharpness: 3 }, { step: 10, sharpness: 7 }];
 * const bytes = await toPng(sharpnessChart([{ name: 'SGD', records }]), { scale: 1 });
 */
export async function toPng(spec: VegaLiteSpec | VegaSpec, options: PngOptions = {}): Promise<Uint8Array> {
  const { scale, fontFiles } = readOptions(options, schema, 'toPng');
  requireSpec(spec, 'toPng');
  const Drawing = await importResvg('toPng');
  const svg = await toSvg(spec);
  const drawing = new Drawing(svg, {
    // A chart of fractional size is rounded up, and would end in a transparent line.
    background: String(spec.background ?? 'white'),
    fitTo: { mode: 'zoom', value: scale },
    font: { loadSystemFonts: true, fontFiles: [...fontFiles] },
  });
  return drawing.render().asPng();
}

async function importVega(where: string) {
  try {
    // One after the other: esbuild takes an import for optional where it is awaited by itself.
    const vega = await import('vega');
    const vegaLite = await import('vega-lite');
    return { vega, vegaLite };
  } catch (error) {
    throw importFailure(where, ['vega', 'vega-lite'], error);
  }
}

/** The package that draws PNG. It has a binary for Node, which no bundler can read: all leave it alone. */
const resvg = '@resvg/resvg-js';

async function importResvg(where: string): Promise<typeof Resvg> {
  let found: { Resvg?: typeof Resvg } = {};
  try {
    // esbuild goes by `browser` in package.json instead, and then there is nothing in the package.
    found = await import(/* webpackIgnore: true */ '@resvg/resvg-js');
  } catch (error) {
    // A browser knows no package by its name, and says so by a TypeError.
    if (!(error instanceof TypeError && error.message.includes(resvg))) {
      throw importFailure(where, [resvg], error);
    }
  }
  if (found.Resvg == null) {
    throw new Error(
      `${where}: expected Node, where ${resvg} draws, received a page. toSvg draws in a browser, too.`,
    );
  }
  return found.Resvg;
}
