import type { DataKind } from './choices.js';
import { dataSets } from './choices.js';
import type { TrainingHistory } from './history.js';
import { countRight, drawImagePanel, panelSize } from './image-panel.js';
import type { NamedPicture } from './named-picture.js';
import { namedPicture } from './named-picture.js';
import { drawPointMap, mapSide } from './point-map.js';
import type { RunName } from './records.js';
import { onThemeChange } from './theme.js';

const captions: Record<DataKind, string> = {
  points:
    'The points are what the nets learn from, a colour for each class. The shade is what a net makes of each place: ' +
    'the fainter, the less sure.',
  images: 'Some of the images that the nets learn from, and what each is taken for. ✗ marks what is wrong.',
};

/** Shows the data, and what each net makes of them: shades of the plane behind points, or the class of each image. */
export class AnswersFigure {
  private readonly pictures = new Map<RunName, NamedPicture>();
  private last: TrainingHistory | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly caption: HTMLElement,
  ) {
    onThemeChange(() => {
      if (this.last != null) this.show(this.last);
    });
  }

  show(history: TrainingHistory): void {
    this.last = history;
    const { shown, answers, settings } = history;
    if (shown == null) return;
    const isPoints = shown.kind === 'points';
    const { label, classes } = dataSets[settings.data];
    this.caption.textContent = captions[shown.kind];
    for (const [name, said] of Object.entries(answers)) {
      const { canvas } = this.picture(
        name as RunName,
        isPoints ? [mapSide, mapSide] : panelSize(said.length),
      );
      if (isPoints) {
        drawPointMap(canvas, said, shown.values);
        canvas.setAttribute('aria-label', `What ${name} makes of the plane around ${label}`);
      } else {
        drawImagePanel(canvas, said, shown.values, classes);
        const right = `${countRight(said, classes)} of ${said.length} right`;
        canvas.setAttribute('aria-label', `What ${name} takes ${label} for: ${right}`);
      }
    }
  }

  forget(): void {
    this.last = null;
    this.pictures.clear();
    this.host.replaceChildren();
  }

  /** The picture of a run, which is there from its first showing on. */
  private picture(name: RunName, size: readonly [number, number]): NamedPicture {
    const known = this.pictures.get(name);
    if (known != null) return known;
    const made = namedPicture(name, size);
    this.pictures.set(name, made);
    this.host.append(made.whole);
    return made;
  }
}
