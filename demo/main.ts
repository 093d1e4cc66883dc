import { download } from './download.js';
import { element, SettingsForm } from './form.js';
import { Figures } from './figures.js';
import { Session } from './session.js';
import { presetOf, presets } from './presets.js';
import type { Settings } from './settings.js';
import { readSettings, retunable, writeSettings } from './settings.js';
import { offerPictures } from './saved-picture.js';
import { StateTable } from './state-table.js';
import { tellStory } from './story/story.js';

const startButton = element('start', HTMLButtonElement);
const stepButton = element('step', HTMLButtonElement);
const resetButton = element('reset', HTMLButtonElement);
const saveButton = element('save', HTMLButtonElement);
const status = element('status', HTMLElement);
const watch = element('watch', HTMLElement);
const presetChoice = element('preset', HTMLSelectElement);
const pending = element('pending', HTMLElement);
const settingsForm = element('settings', HTMLFormElement);
const state = new StateTable(element('state', HTMLTableElement));
const title = document.title;

/** The run that is shown. Its worker may be gone. */
let session: Session | null = null;
/** A run on its way, whose nets are not made yet. */
let upcoming: Session | null = null;
/** Whether the worker of the run that is shown can be asked for something. */
let isAlive = false;
let isRunning = false;
let isDrawingDue = false;

const figures = new Figures(() => (isAlive ? session : null));
const form = new SettingsForm(settingsForm, element('problems', HTMLElement));

function say(text: string): void {
  status.textContent = text;
}

function setAlive(alive: boolean): void {
  isAlive = alive;
  for (const button of [startButton, stepButton]) button.disabled = !alive;
  figures.isEnabled = alive;
  saveButton.disabled = session == null;
}

function setRunning(running: boolean): void {
  isRunning = running;
  startButton.textContent = running ? 'Pause' : 'Start';
}

/** Draws in the next frame whatever has come in by then. A hidden page gets no frames until it is shown again. */
function drawSoon(): void {
  if (isDrawingDue) return;
  isDrawingDue = true;
  requestAnimationFrame(() => {
    isDrawingDue = false;
    if (session == null) return;
    const { history } = session;
    figures.draw(history);
    if (history.latest != null) state.show(history.latest);
  });
}

/** Takes a new run in place of the one there is, which stays on the page until the new one is ready. */
async function reset(settings: Settings): Promise<void> {
  session?.end();
  upcoming?.end();
  setRunning(false);
  setAlive(false);
  say('Starting…');
  const next = new Session(settings, {
    updated: ({ step }) => {
      if (next !== session) return;
      document.title = `${step} steps – ${title}`;
      drawSoon();
    },
    stopped: (message) => {
      if (next === session) stopped(message);
    },
  });
  upcoming = next;
  try {
    const { name, threads } = await next.prepare();
    if (next !== upcoming) return;
    const fallback = name === settings.backend ? '' : ` ${settings.backend} does not start here.`;
    const backend = threads === 1 ? name : `${name} with ${threads} threads`;
    say(`Starting on ${backend}…${fallback}`);
    await next.begin();
    if (next !== upcoming) return;
    session = next;
    document.title = title;
    figures.clear();
    setAlive(true);
    markChanged();
    say(`Ready, on ${backend}.${fallback}`);
    drawSoon();
  } catch (error) {
    if (next !== upcoming) return;
    next.end();
    const kept = session == null ? '' : ' The records of the run before are kept.';
    say(`Not started: ${(error as Error).message}${kept}`);
  }
}

/** Training has ended by itself. What it has recorded stays. */
function stopped(message: string): void {
  setRunning(false);
  setAlive(false);
  say(`Stopped: ${message}`);
}

/** Asks something of the run that is shown. */
async function ask(request: (of: Session) => Promise<void>): Promise<void> {
  const asked = session;
  if (asked == null) return;
  try {
    await request(asked);
  } catch (error) {
    if (asked === session) stopped((error as Error).message);
  }
}

async function toggle(): Promise<void> {
  setRunning(!isRunning);
  if (isRunning) {
    say('Training.');
    await ask((of) => of.call((trainer) => trainer.start()));
  } else {
    await pauseAfter((of) => of.call((trainer) => trainer.pause()));
  }
}

async function takeStep(): Promise<void> {
  setRunning(false);
  await pauseAfter((of) => of.call((trainer) => trainer.stepOnce()));
}

async function pauseAfter(request: (of: Session) => Promise<void>): Promise<void> {
  await ask(async (of) => {
    await request(of);
    if (of === session && !isRunning) say(`Paused after step ${of.history.latest?.step}.`);
  });
}

function save(): void {
  if (session == null) return;
  const { settings, updates } = session.history;
  const file = new Blob([JSON.stringify({ settings, updates, ...figures.measured }, null, 2)], {
    type: 'application/json',
  });
  download(file, 'curvature-records.json');
}

/** Says which fields hold something else than the run that is shown has. */
function markChanged(): void {
  if (session == null) return;
  const changed = form.markChanged(session.history.settings);
  pending.textContent = changed.length === 0 ? '' : `Changed, not applied yet: ${changed.join(', ')}.`;
}

/** What the form says, unless it says something wrong, which is then marked. */
function settingsGiven(): Settings | null {
  const { settings, problems } = readSettings(form.read());
  form.mark(problems);
  return problems.length > 0 ? null : settings;
}

function keepInAddress(settings: Settings): void {
  window.history.replaceState(null, '', `?${writeSettings(settings)}#playground`);
}

/** Hands on at once what a run can be told while it trains. */
async function retune(): Promise<void> {
  const given = settingsGiven();
  const current = session;
  if (given != null && current != null && isAlive) {
    const { settings } = current.history;
    if (retunable.some((name) => given[name] !== settings[name])) {
      const { learningRate, gamma, momentum } = given;
      const retuning = { learningRate, gamma, momentum };
      keepInAddress({ ...settings, ...retuning });
      await ask((of) => of.retune(retuning));
    }
  }
  markChanged();
}

// Enter in a field changes what applies at once, and no more than that: only the button resets.
settingsForm.addEventListener('submit', (event) => event.preventDefault());
settingsForm.addEventListener('change', () => void retune());
resetButton.addEventListener('click', () => {
  const given = settingsGiven();
  if (given == null) return;
  keepInAddress(given);
  void reset(given);
});
startButton.addEventListener('click', () => void toggle());
stepButton.addEventListener('click', () => void takeStep());
saveButton.addEventListener('click', save);

/** Takes the settings of a preset, and starts at once. */
async function startPreset(name: string, query = new URLSearchParams({ preset: name })): Promise<void> {
  const preset = presetOf(name);
  presetChoice.value = preset == null ? '' : name;
  watch.textContent = preset?.watch ?? '';
  if (preset == null) return;
  const { settings, problems } = readSettings(query);
  form.write(settings);
  form.mark(problems);
  keepInAddress(settings);
  await reset(settings);
  if (isAlive && !isRunning) await toggle();
}

presetChoice.append(
  new Option('none', ''),
  ...Object.entries(presets).map(([name, { label }]) => new Option(label, name)),
);
presetChoice.addEventListener('change', () => void startPreset(presetChoice.value));
for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="?preset="]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    element('playground', HTMLElement).scrollIntoView();
    void startPreset(new URLSearchParams(link.search).get('preset')!);
  });
}

offerPictures();
tellStory();
const query = new URLSearchParams(location.search);
if (presetOf(query.get('preset')) != null) void startPreset(query.get('preset')!, query);
else {
  const { settings, problems } = readSettings(query);
  form.write(settings);
  form.mark(problems);
  void reset(settings);
}
