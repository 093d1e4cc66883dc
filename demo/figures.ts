import { proxy } from 'comlink';
import { AnswersFigure } from './answers-figure.js';
import type { Drawing } from './charts.js';
import { LineChart } from './charts.js';
import { ContourCharts } from './contour-charts.js';
import { element } from './form.js';
import type { TrainingHistory } from './history.js';
import { densityDrawing, sectionDrawing } from './measured-curves.js';
import type { OnDemand } from './on-demand.js';
import { OnDemandFigure } from './on-demand.js';
import type { Session } from './session.js';
import { densityInWords, sectionInWords, sliceInWords } from './words.js';

const chart = (id: string, isLog = false, x = 'step'): LineChart =>
  new LineChart(element(id, HTMLElement), { x, isLog });

/** All figures of the page. */
export class Figures {
  private readonly live: { chart: LineChart; drawing: (history: TrainingHistory) => Drawing }[] = [
    { chart: chart('loss', true), drawing: (history) => history.progress('loss') },
    { chart: chart('accuracy'), drawing: (history) => history.progress('accuracy') },
    { chart: chart('eigenvalues'), drawing: (history) => history.eigenvalues() },
    { chart: chart('share'), drawing: (history) => history.topShare() },
  ];
  private readonly answers = new AnswersFigure(
    element('answers', HTMLElement),
    element('answers-caption', HTMLElement),
  );
  private readonly onDemand: Record<'section' | 'density' | 'slice', OnDemand>;

  /** @param session what is measured when a button is pressed; null while nothing can be */
  constructor(session: () => Session | null) {
    const section = chart('section', false, 'steps along e₁');
    const density = chart('density', true, 'λ');
    const slice = new ContourCharts(element('slice', HTMLElement));
    this.onDemand = {
      section: new OnDemandFigure('section', session, {
        measure: (of, onProgress) => of.call((trainer) => trainer.section(proxy(onProgress))),
        draw: (curves) => section.show(sectionDrawing(curves)),
        inWords: sectionInWords,
        forget: () => section.forget(),
      }),
      density: new OnDemandFigure('density', session, {
        measure: (of, onProgress) => of.call((trainer) => trainer.density(proxy(onProgress))),
        draw: (curves) => density.show(densityDrawing(curves)),
        inWords: densityInWords,
        forget: () => density.forget(),
      }),
      slice: new OnDemandFigure('slice', session, {
        measure: (of, onProgress) => of.call((trainer) => trainer.slice(proxy(onProgress))),
        draw: (slices) => slice.draw(slices),
        inWords: sliceInWords,
        forget: () => slice.forget(),
      }),
    };
  }

  /** What was measured on demand, for a file. */
  get measured(): object {
    return Object.fromEntries(Object.entries(this.onDemand).map(([name, { result }]) => [name, result]));
  }

  /** Whether figures can be measured. */
  set isEnabled(isEnabled: boolean) {
    for (const figure of Object.values(this.onDemand)) figure.isEnabled = isEnabled;
  }

  /** Draws what there is to draw of a run. */
  draw(history: TrainingHistory): void {
    for (const { chart, drawing } of this.live) chart.show(drawing(history));
    this.answers.show(history);
  }

  /** Makes room for another run. */
  clear(): void {
    for (const { chart } of this.live) chart.forget();
    this.answers.forget();
    for (const figure of Object.values(this.onDemand)) figure.clear();
  }
}
