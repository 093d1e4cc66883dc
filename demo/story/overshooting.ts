import { element } from '../form.js';
import { animate, Scene } from './scene.js';
import { curvatures, descend, lossAt } from './valley.js';
import { draw, drawMap, onMap, pathOf, picture } from './valley-picture.js';

const count = 14;
const start = { x: 0.9, y: 1.05 };

/** Losses are drawn on a logarithmic scale, from 10⁻² at the bottom to 10² at the top. */
const height = (loss: number): number => 185 - (Math.log10(Math.min(Math.max(loss, 0.01), 100)) + 2) * 43;

/** Second scene: gradient descent in that valley, with a step length that the visitor sets. */
export function overshootingScene(): void {
  const stage = element('overshooting-stage', HTMLElement);
  const slider = element('step-length', HTMLInputElement);
  const shown = element('step-length-shown', HTMLElement);
  const scene = new Scene('overshooting', async (signal) => {
    const learningRate = Number(slider.value);
    const places = descend(start, learningRate, count);
    const svg = picture(stage, 400, `Steps of length ${learningRate} in the valley, and the loss after each`);
    drawMap(svg);
    const path = draw(svg, 'path', { class: 'line nsgd' });
    const dot = draw(svg, 'circle', { r: 5, class: 'dot nsgd' });
    draw(svg, 'path', { d: 'M230 10V185H395', class: 'axis' });
    draw(svg, 'text', { x: 236, y: 18 }, 'loss, logarithmic');
    draw(svg, 'text', { x: 395, y: 198, 'text-anchor': 'end' }, 'steps');
    const losses = draw(svg, 'path', { class: 'line nsgd' });
    await animate(3500, signal, (share) => {
      const taken = places.slice(0, 1 + Math.round(share * count));
      const points = taken.map(onMap);
      path.setAttribute('d', pathOf(points));
      const [cx, cy] = points.at(-1)!;
      dot.setAttribute('cx', String(cx));
      dot.setAttribute('cy', String(cy));
      losses.setAttribute(
        'd',
        pathOf(taken.map((place, i) => [230 + (165 * i) / count, height(lossAt(place))])),
      );
    });
    scene.say(verdict(learningRate, lossAt(start), lossAt(places.at(-1)!)));
  });
  slider.addEventListener('input', () => {
    shown.textContent = slider.value;
    void scene.run();
  });
}

function verdict(learningRate: number, before: number, after: number): string {
  const bound = 2 / curvatures.steep;
  const change = `The loss went from ${before.toFixed(2)} to ${after.toPrecision(2)}.`;
  if (learningRate > bound)
    return `Longer than 2/λ = ${bound}: each step ends higher up the other wall. ${change}`;
  if (learningRate === bound)
    return `Exactly 2/λ: it jumps from wall to wall, and never comes down. ${change}`;
  if (learningRate > bound / 2) return `It jumps from wall to wall, a little lower each time. ${change}`;
  return `No jumps, but the flat direction takes long. ${change}`;
}
