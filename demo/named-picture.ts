/** A canvas under a name: one picture of several that stand side by side. */
export interface NamedPicture {
  readonly whole: HTMLElement;
  readonly canvas: HTMLCanvasElement;
}

/** @param size pixels along its sides */
export function namedPicture(name: string, [width, height]: readonly [number, number]): NamedPicture {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  canvas.setAttribute('role', 'img');
  const heading = document.createElement('p');
  heading.textContent = name;
  const whole = document.createElement('div');
  whole.append(heading, canvas);
  return { whole, canvas };
}
