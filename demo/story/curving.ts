import { element } from '../form.js';
import { animate, Scene } from './scene.js';
import { curvatures, lossAt } from './valley.js';
import { draw, drawMap, onMap, pathOf, picture } from './valley-picture.js';

/** How far both dots walk from the bottom. */
const distance = 1;

/** Heights of the profiles: 5, the loss at the end of the steep one, is at the top. */
const profile = ([walked, loss]: readonly [number, number]): [number, number] => [
  230 + 150 * walked,
  185 - 33 * loss,
];

const directions = {
  steep: { colour: 'nsgd', at: (walked: number) => ({ x: walked, y: 0 }), label: 'across' },
  flat: { colour: 'sgd', at: (walked: number) => ({ x: 0, y: walked }), label: 'along' },
} as const;

/** First scene: two dots walk equally far from the bottom of a valley, and come to losses that are far apart. */
export function curvingScene(): void {
  const stage = element('curving-stage', HTMLElement);
  const scene = new Scene('curving', async (signal) => {
    const svg = picture(stage, 400, 'A long valley from above, and how its walls rise in two directions');
    drawMap(svg);
    draw(svg, 'path', { d: 'M230 10V185H395', class: 'axis' });
    draw(svg, 'text', { x: 236, y: 18 }, 'loss');
    draw(svg, 'text', { x: 395, y: 198, 'text-anchor': 'end' }, 'distance walked');
    const parts = Object.values(directions).map(({ colour, at, label }) => ({
      at,
      line: draw(svg, 'path', { class: `line ${colour}` }),
      dots: [0, 1].map(() => draw(svg, 'circle', { r: 5, class: `dot ${colour}` })),
      name: draw(svg, 'text', { class: `name ${colour}` }, label),
    }));
    await animate(2500, signal, (share) => {
      for (const { at, line, dots, name } of parts) {
        const places = Array.from({ length: 41 }, (_, i) => (share * distance * i) / 40);
        const points = places.map((walked) => profile([walked, lossAt(at(walked))]));
        line.setAttribute('d', pathOf(points));
        const ends = [onMap(at(share * distance)), points.at(-1)!];
        for (const [i, [cx, cy]] of ends.entries()) {
          dots[i]!.setAttribute('cx', String(cx));
          dots[i]!.setAttribute('cy', String(cy));
        }
        const [x, y] = points.at(-1)!;
        name.setAttribute('x', String(x - 44));
        name.setAttribute('y', String(y - 4));
      }
    });
    scene.say(
      `Equally far from the bottom: loss ${curvatures.steep / 2} across the valley, ${curvatures.flat / 2} along it.`,
    );
  });
}
