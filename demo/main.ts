import type { Remote } from 'comlink';
import { proxy, wrap } from 'comlink';
import { LineChart } from './charts.js';
import { element, fillSelects, markProblems, readForm, writeForm } from './form.js';
import { subscript, TrainingHistory } from './history.js';
import { densityDrawing, sectionDrawing } from './measured-curves.js';
import type { MeasuredCurve, TrainingUpdate } from './records.js';
import type { Settings } from './settings.js';
import { defaults, readSettings, writeSettings } from './settings.js';
import type { Trainer } from './trainer.js';

const form = element('settings', HTMLFormElement);
const startButton = element('start', HTMLButtonElement);
const stepButton = element('step', HTMLButtonElement);
const saveButton = element('save', HTMLButtonElement);
const sectionButton = element('measure-section', HTMLButtonElement);
const densityButton = element('measure-density', HTMLButtonElement);
const status = element('status', HTMLElement);
const numbers = element('numbers', HTMLElement);

const chart = (id: string, y: string, isLog = false, x = 'step'): LineChart =>
  new LineChart(element(id, HTMLElement), { x, y, isLog });
const charts = {
  loss: chart('loss', 'loss', true),
  accuracy: chart('accuracy', 'accuracy'),
  eigenvalues: chart('eigenvalues', 'λ'),
  share: chart('share', '‖Vg‖ / ‖g‖'),
  section: chart('section', 'loss', false, 'steps along e₁'),
  density: chart('density', 'density', true, 'λ'),
};

let worker: Worker | null = null;
let trainer: Remote<Trainer> | null = null;
let history = new TrainingHistory(defaults);
let curves: Partial<Record<'section' | 'density', MeasuredCurve[]>> = {};
let isRunning = false;
let isDrawingDue = false;

function say(text: string): void {
  status.textContent = text;
}

function enable(isEnabled: boolean): void {
  for (const button of [startButton, stepButton, saveButton, sectionButton, densityButton]) {
    button.disabled = !isEnabled;
  }
}

function setRunning(running: boolean): void {
  isRunning = running;
  startButton.textContent = running ? 'Pause' : 'Start';
}

/** Draws in the next frame whatever has come in by then. */
function drawSoon(): void {
  if (isDrawingDue) return;
  isDrawingDue = true;
  // A hidden page gets no frames: it draws when it is shown again.
  requestAnimationFrame(() => {
    isDrawingDue = false;
    draw();
  });
}

function draw(): void {
  const loss = history.progress('loss');
  charts.loss.draw(loss.xs, loss.lines);
  const accuracy = history.progress('accuracy');
  charts.accuracy.draw(accuracy.xs, accuracy.lines);
  const eigenvalues = history.eigenvalues();
  charts.eigenvalues.draw(eigenvalues.xs, eigenvalues.lines);
  const share = history.topShare();
  charts.share.draw(share.xs, share.lines);
  if (curves.section != null) {
    const section = sectionDrawing(curves.section);
    charts.section.draw(section.xs, section.lines);
  }
  if (curves.density != null) {
    const density = densityDrawing(curves.density);
    charts.density.draw(density.xs, density.lines);
  }
  numbers.textContent = inWords(history.latest, history.latestCurvature);
}

/** The latest numbers as text, for whoever does not see the charts. */
function inWords(latest: TrainingUpdate | null, measured: TrainingUpdate | null): string {
  return Object.entries(latest?.progress ?? {})
    .map(([name, { loss, accuracy }]) => {
      const point = measured?.curvature[name as 'SGD' | 'NSGD'];
      const lambda = point?.eigenvalues[0];
      const sharpness = lambda == null ? '' : `, sharpness λ${subscript(1)} ${lambda.toFixed(2)}`;
      return `${name}: loss ${loss.toFixed(4)}, accuracy ${(100 * accuracy).toFixed(1)} %${sharpness}`;
    })
    .join('\n');
}

async function reset(settings: Settings): Promise<void> {
  setRunning(false);
  enable(false);
  say('Starting…');
  history = new TrainingHistory(settings);
  curves = {};
  for (const one of Object.values(charts)) one.forget();
  // A worker that hangs is left behind with everything it holds.
  worker?.terminate();
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const current = worker;
  worker.onerror = (event) => stopped(event.message || 'The worker has stopped.');
  trainer = wrap<Trainer>(worker);
  try {
    const backend = await trainer.reset(
      settings,
      proxy({
        update: (update: TrainingUpdate) => {
          if (current !== worker) return;
          history.add(update);
          if (isRunning) say(`Training: step ${update.step}.`);
          drawSoon();
        },
        failed: ({ message }: { message: string }) => {
          if (current === worker) stopped(message);
        },
      }),
    );
    if (current !== worker) return;
    enable(true);
    const fallback = backend === settings.backend ? '' : ` ${settings.backend} does not start here.`;
    say(`Ready, on ${backend}.${fallback}`);
    drawSoon();
  } catch (error) {
    if (current === worker) stopped(error instanceof Error ? error.message : String(error));
  }
}

/** Training has ended by itself. What it has recorded stays. */
function stopped(message: string): void {
  setRunning(false);
  say(`Stopped: ${message}`);
}

async function toggle(): Promise<void> {
  if (trainer == null) return;
  if (isRunning) {
    setRunning(false);
    await trainer.pause();
    say(`Paused at step ${history.latest?.step ?? 0}.`);
    return;
  }
  setRunning(true);
  say('Training.');
  await trainer.start();
}

async function measure(name: 'section' | 'density', button: HTMLButtonElement): Promise<void> {
  if (trainer == null) return;
  button.disabled = true;
  button.textContent = 'Measuring…';
  curves[name] = name === 'section' ? await trainer.section() : await trainer.density();
  button.textContent = 'Measure now';
  button.disabled = false;
  drawSoon();
}

function save(): void {
  const file = new Blob([JSON.stringify({ ...history.toJSON(), ...curves }, null, 2)], {
    type: 'application/json',
  });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = 'curvature-records.json';
  link.click();
  URL.revokeObjectURL(link.href);
}

function submit(): void {
  const { settings, problems } = readSettings(readForm(form));
  markProblems(form, element('problems', HTMLElement), problems);
  if (problems.length > 0) return;
  window.history.replaceState(null, '', `?${writeSettings(settings)}`);
  void reset(settings);
}

fillSelects(form);
const { settings, problems } = readSettings(new URLSearchParams(location.search));
writeForm(form, settings);
markProblems(form, element('problems', HTMLElement), problems);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
startButton.addEventListener('click', () => void toggle());
stepButton.addEventListener('click', () => {
  setRunning(false);
  void trainer?.stepOnce().then(() => say(`Paused at step ${history.latest?.step ?? 0}.`));
});
saveButton.addEventListener('click', save);
sectionButton.addEventListener('click', () => void measure('section', sectionButton));
densityButton.addEventListener('click', () => void measure('density', densityButton));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const one of Object.values(charts)) one.forget();
  drawSoon();
});
void reset(settings);
