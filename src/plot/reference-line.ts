import type { SpecPart } from './chart.js';

/** A level to compare with. */
export interface ReferenceLine {
  readonly value: number;
  readonly label: string;
  readonly color: string;
}

/** Layers that draw the level as a dashed line across `width` pixels, with its label right of the plotting area. */
export function referenceLine({ value, label, color }: ReferenceLine, width: number): SpecPart[] {
  const y = { datum: value, type: 'quantitative' };
  const data = { values: [{}] };
  return [
    { data, mark: { type: 'rule', strokeDash: [5, 4], color }, encoding: { y } },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'middle', dx: 6, color },
      encoding: { y, x: { value: width }, text: { value: label } },
    },
  ];
}
