/** Calls whenever the page has changed from light to dark, or back. */
export function onThemeChange(redraw: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}

/** A colour of the page by the name of its variable, as CSS takes it. */
export function cssColour(name: string, opacity = 1): string {
  return `rgb(${colourOf(name).join(' ')} / ${opacity})`;
}

const reader = document.createElement('canvas').getContext('2d')!;

/** Such a colour as red, green and blue from 0 to 255. */
export function colourOf(name: string): number[] {
  // Whatever way a colour is written in, a canvas tells it as #rrggbb.
  reader.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
  const hex = reader.fillStyle;
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
