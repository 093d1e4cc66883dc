import { element } from '../form.js';
import { namedPicture } from '../named-picture.js';
import { drawPointMap, mapSide } from '../point-map.js';
import { onThemeChange } from '../theme.js';
import { short } from '../words.js';
import { Scene } from './scene.js';
import { storyTrainer } from './story-worker.js';

/** Fifth scene: what a net says of the plane, and what becomes of it along e₁ and along a random direction. */
export function opinionScene(): void {
  const stage = element('opinion-stage', HTMLElement);
  let draw = (): void => {};
  onThemeChange(() => draw());
  const scene = new Scene('opinion', async (signal) => {
    const { points, opinions } = await storyTrainer().opinions(150, 1.5);
    if (signal.aborted) return;
    draw = () => {
      const pictures = opinions.map(({ label, answers }) => {
        const { whole, canvas } = namedPicture(label, [mapSide, mapSide]);
        canvas.setAttribute('aria-label', `What the net says of the plane, ${label}`);
        drawPointMap(canvas, answers, points);
        return whole;
      });
      stage.replaceChildren(...pictures);
    };
    draw();
    scene.say(opinions.map(({ label, loss }) => `Loss ${label}: ${short(loss)}.`).join(' '));
  });
}
