import { cssColour } from './theme.js';

const namespace = 'http://www.w3.org/2000/svg';

/** What of a figure is in its picture: drawings, and the words that go with them. */
const drawings = 'canvas, svg';
const words = 'h3, h4, .legend li, .maps p, .stage p';

/** Room around it, in pixels. */
const margin = 12;

/** What the style sheet of the page says of the parts of a drawing. */
const styled = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'font-size',
  'font-family',
  'color',
];

/** All that a figure shows as one SVG that needs no style sheet, laid out as on the page. */
export function figureAsSvg(figure: HTMLElement): { text: string; width: number; height: number } {
  const shown = [...figure.querySelectorAll(`${drawings}, ${words}`)].filter(
    (part) => part.parentElement!.closest('svg') == null && part.getBoundingClientRect().width > 0,
  );
  const boxes = shown.map((part) => part.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left)) - margin;
  const top = Math.min(...boxes.map((box) => box.top)) - margin;
  const width = Math.ceil(Math.max(...boxes.map((box) => box.right)) - left + margin);
  const height = Math.ceil(Math.max(...boxes.map((box) => box.bottom)) - top + margin);
  const whole = make('svg', { width, height, viewBox: `${left} ${top} ${width} ${height}` });
  whole.append(make('rect', { x: left, y: top, width, height, fill: cssColour('--page') }));
  for (const part of shown) whole.append(...copiesOf(part));
  return { text: new XMLSerializer().serializeToString(whole), width, height };
}

function copiesOf(part: Element): Element[] {
  if (part instanceof HTMLCanvasElement) {
    return [make('image', { ...place(part), href: part.toDataURL() })];
  }
  if (part instanceof SVGElement) return [styledCopy(part)];
  return [...part.querySelectorAll('span')].map(sampleOf).concat(textsOf(part));
}

/** A drawing with the style that it has on the page. */
function styledCopy(drawing: SVGElement): Element {
  const copy = drawing.cloneNode(true) as SVGElement;
  const parts = [drawing, ...drawing.querySelectorAll('*')];
  for (const [i, part] of [copy, ...copy.querySelectorAll('*')].entries()) {
    const style = getComputedStyle(parts[i]!);
    for (const name of styled) (part as SVGElement).style.setProperty(name, style.getPropertyValue(name));
  }
  for (const [name, value] of Object.entries(place(drawing))) copy.setAttribute(name, String(value));
  return copy;
}

/** The line of a legend's sample. */
function sampleOf(sample: Element): Element {
  const { x, y, width } = place(sample);
  const { borderTopColor, borderTopStyle, borderTopWidth } = getComputedStyle(sample);
  return make('path', {
    d: `M${x} ${y + 1}h${width}`,
    stroke: borderTopColor,
    'stroke-width': borderTopWidth,
    ...(borderTopStyle === 'dashed' && { 'stroke-dasharray': '6 3' }),
  });
}

/** The words of an element, where they stand. */
function textsOf(part: Element): Element[] {
  const { color, fontSize, fontFamily, fontWeight } = getComputedStyle(part);
  return [...part.childNodes]
    .filter((node) => node.nodeType === Node.TEXT_NODE)
    .map((node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      const { x, y, height } = place(range);
      const style = {
        fill: color,
        'font-size': fontSize,
        'font-family': fontFamily,
        'font-weight': fontWeight,
      };
      const text = make('text', { x, y: y + 0.8 * height, ...style });
      text.textContent = node.textContent;
      return text;
    });
}

function place(part: Element | Range): { x: number; y: number; width: number; height: number } {
  const { x, y, width, height } = part.getBoundingClientRect();
  return { x, y, width, height };
}

function make(name: string, attributes: Readonly<Record<string, string | number>>): Element {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
