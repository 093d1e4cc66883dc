import { download } from './download.js';

/** Gives every figure in an element a button that saves what is drawn: a drawing of lines as PNG, a map as SVG. */
export function offerPictures(host: HTMLElement): void {
  for (const figure of host.querySelectorAll('figure')) {
    const title = figure.querySelector('h3, h4')!;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'save-picture';
    button.textContent = 'Save picture';
    button.setAttribute('aria-describedby', title.id);
    button.addEventListener('click', () => void savePicture(figure, title.id.replace('-title', '')));
    figure.append(button);
  }
}

/** Saves what is drawn in a figure; nothing where it has not been measured yet. */
async function savePicture(figure: HTMLElement, name: string): Promise<void> {
  const canvas = figure.querySelector('canvas');
  if (canvas != null) {
    const blob = await new Promise<Blob | null>((resolve) => onPage(canvas).toBlob(resolve));
    if (blob != null) download(blob, `${name}.png`);
  }
  for (const [i, map] of [...figure.querySelectorAll('.maps [role=img]')].entries()) {
    const svg = map instanceof SVGElement ? map : map.querySelector('svg')!;
    const text = new XMLSerializer().serializeToString(svg);
    download(new Blob([text], { type: 'image/svg+xml' }), `${name}-${i + 1}.svg`);
  }
}

/** A copy of a drawing on the colour of the page, where it would be transparent. */
function onPage(drawing: HTMLCanvasElement): HTMLCanvasElement {
  const copy = document.createElement('canvas');
  copy.width = drawing.width;
  copy.height = drawing.height;
  const context = copy.getContext('2d')!;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(drawing, 0, 0);
  return copy;
}
