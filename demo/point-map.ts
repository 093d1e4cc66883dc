import { grid } from './grid.js';
import type { Answers } from './records.js';
import { colourOf, cssColour } from './theme.js';

/** Pixels along the side of a map. */
export const mapSide = 560;

/** How much of the colour of a class is in the shade of a place that a net is sure about. */
const deepest = 0.5;

/**
 * Draws what a net makes of a square of the plane, in shades of the two classes, and the points that it learns from. The
 * boundary is where the shade is that of the page.
 *
 * @param points x and y of each, one after the other; the classes take turns
 */
export function drawPointMap(canvas: HTMLCanvasElement, answers: Answers, points: Float32Array): void {
  const context = canvas.getContext('2d')!;
  context.imageSmoothingEnabled = true;
  context.drawImage(shades(answers), 0, 0, mapSide, mapSide);
  const at = (value: number): number => ((value / grid.reach + 1) / 2) * mapSide;
  context.lineWidth = 2;
  context.strokeStyle = cssColour('--page');
  for (let i = 0; i < points.length / 2; i++) {
    context.fillStyle = cssColour(`--class-${i % 2}`);
    context.beginPath();
    context.arc(at(points[2 * i]!), mapSide - at(points[2 * i + 1]!), 7, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

/** A picture with a pixel for each place of the grid. */
function shades(answers: Answers): HTMLCanvasElement {
  const { side } = grid;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(side, side);
  const page = colourOf('--page');
  const [first, second] = ['--class-0', '--class-1'].map(colourOf) as [number[], number[]];
  for (const [i, probability] of answers.entries()) {
    const certainty = deepest * Math.abs(2 * probability - 1);
    const towards = probability > 0.5 ? first : second;
    const pixel = (side - 1 - Math.floor(i / side)) * side + (i % side);
    const colour = page.map((channel, c) => channel + certainty * (towards[c]! - channel));
    image.data.set([...colour, 255], 4 * pixel);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
