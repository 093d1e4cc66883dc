import { element } from '../form.js';
import { short } from '../words.js';
import { grid } from './grid.js';
import { Scene } from './scene.js';
import type { Opinion } from './story-trainer.js';
import { storyService } from './story-worker.js';

const { side, reach } = grid;
const pixels = 200;

/** Fifth scene: what a net says of the plane, and what becomes of it along e₁ and along a random direction. */
export function opinionScene(): void {
  const stage = element('opinion-stage', HTMLElement);
  const scene = new Scene('opinion', async (signal) => {
    const { points, opinions } = await storyService().opinions(150, 1.5);
    if (signal.aborted) return;
    stage.replaceChildren(...opinions.map((opinion) => panel(opinion, points)));
    scene.say(opinions.map(({ label, loss }) => `The net ${label}: loss ${short(loss)}.`).join(' '));
  });
}

function panel({ label, grid: probabilities }: Opinion, points: readonly number[]): HTMLElement {
  const figure = document.createElement('div');
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = pixels;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `What the net says of the plane, ${label}`);
  const context = canvas.getContext('2d')!;
  const cell = pixels / side;
  for (const [i, probability] of probabilities.entries()) {
    context.fillStyle = shade(probability);
    context.fillRect((i % side) * cell, pixels - (Math.floor(i / side) + 1) * cell, cell, cell);
  }
  const at = (value: number): number => ((value / reach + 1) / 2) * pixels;
  for (let i = 0; i < points.length / 2; i++) {
    context.beginPath();
    context.arc(at(points[2 * i]!), pixels - at(points[2 * i + 1]!), 2.5, 0, 2 * Math.PI);
    context.fillStyle = i % 2 === 0 ? '#0072b2' : '#c44e00';
    context.fill();
    context.strokeStyle = '#ffffff';
    context.lineWidth = 0.7;
    context.stroke();
  }
  const name = document.createElement('p');
  name.textContent = label;
  figure.append(name, canvas);
  return figure;
}

/** From one class's colour over white to the other's. */
function shade(probability: number): string {
  const share = Math.round(100 * Math.abs(2 * probability - 1));
  return `color-mix(in srgb, ${probability > 0.5 ? '#8cc4e8' : '#f3b48a'} ${share}%, #ffffff)`;
}
