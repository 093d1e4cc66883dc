import type { Place } from './valley.js';
import { curvatures } from './valley.js';

const namespace = 'http://www.w3.org/2000/svg';

/** Half of what a map shows along either axis. */
export const reach = 1.2;

type Attributes = Readonly<Record<string, string | number>>;

/** An element of a picture, in its parent. */
export function draw(parent: Element, name: string, attributes: Attributes, text = ''): SVGElement {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  parent.append(made);
  return made;
}

/** An empty picture in place of what the host has, `width` by 200 units, with a name for who does not see it. */
export function picture(host: Element, width: number, name: string): SVGElement {
  host.replaceChildren();
  return draw(host, 'svg', { viewBox: `0 0 ${width} 200`, role: 'img', 'aria-label': name });
}

/** Where a place of the valley is on a map of 200 by 200 units. */
export function onMap({ x, y }: Place): [number, number] {
  return [100 + (x / reach) * 100, 100 - (y / reach) * 100];
}

/** A map of the valley at the left of a picture: lines of equal loss. */
export function drawMap(svg: Element): void {
  for (const level of [0.1, 0.4, 0.9, 1.6, 2.5, 3.6, 5]) {
    const radius = (curvature: number): number => (Math.sqrt((2 * level) / curvature) / reach) * 100;
    const radii = { rx: radius(curvatures.steep), ry: radius(curvatures.flat) };
    draw(svg, 'ellipse', { cx: 100, cy: 100, ...radii, class: 'level' });
  }
}

/** Points joined by a line. */
export function pathOf(points: readonly (readonly [number, number])[]): string {
  return `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}`;
}
