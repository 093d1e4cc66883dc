import { proxy } from 'comlink';
import type { Line } from '../charts.js';
import { LineChart } from '../charts.js';
import { element } from '../form.js';
import { short } from '../words.js';
import { Scene } from './scene.js';
import type { StoryPoint, StoryRun } from './story-trainer.js';
import { storyTrainer } from './story-worker.js';

type Style = Pick<Line, 'colour' | 'isDashed' | 'isNamed'>;
type Plan = StoryRun & Style;

/** Trains, and draws after every few steps what `lines` makes of it. */
async function trainAndDraw(
  plans: readonly Plan[],
  { steps, every }: { steps: number; every: number },
  signal: AbortSignal,
  draw: (xs: number[], told: StoryPoint[][]) => void,
): Promise<StoryPoint[][]> {
  const xs: number[] = [];
  const told: StoryPoint[][] = [];
  const tell = (step: number, points: StoryPoint[]): boolean => {
    if (signal.aborted) return false;
    xs.push(step);
    told.push(points);
    draw(xs, told);
    return true;
  };
  const bare = plans.map(({ label, learningRate, gamma, isRandom = false }) => ({
    label,
    learningRate,
    gamma,
    isRandom,
  }));
  await storyTrainer().train(bare, steps, every, proxy(tell));
  return told;
}

function linesOf(plans: readonly Plan[], told: StoryPoint[][], key: keyof StoryPoint): Line[] {
  return plans.map(({ label, colour, isDashed = false, isNamed = true }, i) => ({
    label,
    colour,
    isDashed,
    isNamed,
    values: told.map((points) => points[i]![key]),
  }));
}

const highest = (told: StoryPoint[][], i: number): number =>
  Math.max(...told.map((points) => points[i]!.sharpness ?? 0));

/** Third scene: two lengths of step, and the sharpness that each comes to. */
export function edgeScene(): void {
  const plans: Plan[] = [
    { label: 'η = 0.7', learningRate: 0.7, gamma: 1, colour: 'sgd' },
    { label: 'η = 1', learningRate: 1, gamma: 1, colour: 'nsgd' },
  ];
  const chart = new LineChart(element('edge-stage', HTMLElement), { x: 'step' });
  const scene = new Scene('edge', async (signal) => {
    chart.forget();
    const told = await trainAndDraw(plans, { steps: 260, every: 4 }, signal, (xs, all) => {
      const bounds = plans.map(({ learningRate }, i): Line => ({
        label: '2/η of each',
        colour: plans[i]!.colour,
        isDashed: true,
        isNamed: i === 0,
        opacity: 0.7,
        values: xs.map(() => 2 / learningRate),
      }));
      chart.show({ xs: [...xs], lines: [...linesOf(plans, all, 'sharpness'), ...bounds] });
    });
    scene.say(
      plans
        .map(({ label, learningRate }, i) => {
          return `${label}: 2/η is ${short(2 / learningRate)}, sharpness at most ${short(highest(told, i))}.`;
        })
        .join(' '),
    );
  });
}

/** Fourth scene: nudging, both ways, and along random directions. */
export function nudgeScene(): void {
  const plans: Plan[] = [
    { label: 'SGD', learningRate: 0.5, gamma: 1, colour: 'sgd' },
    { label: 'γ = 0.01', learningRate: 0.5, gamma: 0.01, colour: 'nsgd' },
    { label: 'γ = 5', learningRate: 0.5, gamma: 5, colour: 'flat' },
    {
      label: 'random',
      learningRate: 0.5,
      gamma: 0.01,
      isRandom: true,
      colour: 'step',
      isDashed: true,
      isNamed: false,
    },
  ];
  const loss = new LineChart(element('nudge-loss', HTMLElement), { x: 'step', isLog: true });
  const sharpness = new LineChart(element('nudge-sharpness', HTMLElement), { x: 'step' });
  const scene = new Scene('nudge', async (signal) => {
    loss.forget();
    sharpness.forget();
    const told = await trainAndDraw(plans, { steps: 160, every: 8 }, signal, (xs, all) => {
      loss.show({ xs: [...xs], lines: linesOf(plans, all, 'loss') });
      sharpness.show({ xs: [...xs], lines: linesOf(plans, all, 'sharpness') });
    });
    const last = told.at(-1)!;
    scene.say(
      plans
        .map(({ label }, i) => {
          return `${label}: loss ${short(last[i]!.loss)}, sharpness at most ${short(highest(told, i))}.`;
        })
        .join(' '),
    );
  });
}
