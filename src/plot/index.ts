/**
 * Charts of what the analyses record, as Vega-Lite specifications, SVG or PNG.
 *
 * @module tfjs-curvature/plot
 */

export { alignmentChart, type AlignmentChartOptions } from './alignment-chart.js';
export type { ChartOptions, VegaLiteSpec, VegaSpec } from './chart.js';
export { contourChart } from './contour-chart.js';
export { crossSectionChart } from './cross-section-chart.js';
export { eigenvalueChart } from './eigenvalue-chart.js';
export { escapeChart } from './escape-chart.js';
export { learningCurvesChart } from './learning-curves-chart.js';
export { MissingPackageError } from './optional-package.js';
export type {
  AlignmentRecord,
  CrossSectionRecord,
  LossSurfaceRecord,
  SpectralDensityRecord,
  StepDecompositionRecord,
  TrainingRecord,
  TrainingRun,
} from './records.js';
export { reliefChart } from './relief-chart.js';
export { type PngOptions, toPng, toSvg } from './render.js';
export { sharpnessChart, type SharpnessChartOptions } from './sharpness-chart.js';
export { spectralDensityChart, type SpectralDensityChartOptions } from './spectral-density-chart.js';
export { stepDecompositionChart } from './step-decomposition-chart.js';
export type { Theme } from './theme.js';
