import { download } from './download.js';
import { figureAsSvg } from './figure-as-svg.js';

/** Gives every figure a button that saves what is drawn in it: as SVG where all are lines and shapes, else as PNG. */
export function offerPictures(): void {
  for (const figure of document.querySelectorAll('figure')) {
    const title = figure.getAttribute('aria-labelledby')!;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'save-picture';
    button.textContent = 'Save picture';
    button.setAttribute('aria-describedby', title);
    button.addEventListener('click', () => void savePicture(figure, title.replace('-title', '')));
    figure.append(button);
  }
}

async function savePicture(figure: HTMLElement, name: string): Promise<void> {
  const { text, width, height } = figureAsSvg(figure);
  if (figure.querySelector('canvas') == null) download(new Blob([text], { type: svgType }), `${name}.svg`);
  else download(await drawn(text, width, height), `${name}.png`);
}

const svgType = 'image/svg+xml';

/** Pixels of a saved picture for one of the page. */
const density = 2;

/** A drawing as PNG. */
async function drawn(svg: string, width: number, height: number): Promise<Blob> {
  const image = new Image();
  image.src = `data:${svgType},${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = new OffscreenCanvas(density * width, density * height);
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: 'image/png' });
}
