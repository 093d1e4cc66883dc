import type { Answers } from './records.js';
import { samplePixels, sampleSide } from './samples/format.js';
import { cssColour } from './theme.js';

const columns = 5;

/** Pixels of the canvas for an image, with the room around it and the class written below. */
const tile = { width: 112, height: 124, image: 84, text: 19 };

/** Size of the panel for a number of images. */
export function panelSize(count: number): [number, number] {
  return [columns * tile.width, Math.ceil(count / columns) * tile.height];
}

/**
 * Draws images with the class that a net takes each for. A wrong one is struck out, and the right one does not say.
 *
 * @param pixels of one image after the other; the classes take turns
 */
export function drawImagePanel(
  canvas: HTMLCanvasElement,
  answers: Answers,
  pixels: Float32Array,
  classes: readonly string[],
): void {
  const context = canvas.getContext('2d')!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.textAlign = 'center';
  context.font = `${tile.text}px system-ui, sans-serif`;
  context.lineWidth = 4;
  for (const [i, answer] of answers.entries()) {
    const left = (i % columns) * tile.width + (tile.width - tile.image) / 2;
    const top = Math.floor(i / columns) * tile.height + 6;
    const isRight = isRightClass(answers, classes, i);
    context.drawImage(pictureOf(pixels, i), left, top, tile.image, tile.image);
    context.fillStyle = context.strokeStyle = cssColour(isRight ? '--text' : '--error');
    if (!isRight) context.strokeRect(left - 2, top - 2, tile.image + 4, tile.image + 4);
    const said = classes[answer]!;
    context.fillText(isRight ? said : `✗ ${said}`, left + tile.image / 2, top + tile.image + tile.text + 3);
  }
}

/** How many of the images a net takes for what they are. */
export function countRight(answers: Answers, classes: readonly string[]): number {
  return Array.from(answers.keys()).filter((i) => isRightClass(answers, classes, i)).length;
}

function isRightClass(answers: Answers, classes: readonly string[], i: number): boolean {
  return answers[i] === i % classes.length;
}

/** An image, white on black. */
function pictureOf(pixels: Float32Array, i: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = sampleSide;
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(sampleSide, sampleSide);
  for (const [j, value] of pixels.subarray(i * samplePixels, (i + 1) * samplePixels).entries()) {
    const grey = 255 * value;
    image.data.set([grey, grey, grey, 255], 4 * j);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
