import { element } from '../form.js';

/** How a scene is run: to its end, or until the signal says that it is no longer wanted. */
export type Play = (signal: AbortSignal) => void | Promise<void>;

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** A scene of the story: it runs when it first comes into view, and again when its button is pressed. */
export class Scene {
  private running: AbortController | null = null;
  private readonly host: HTMLElement;
  private readonly words: HTMLElement;

  constructor(
    id: string,
    private readonly play: Play,
  ) {
    this.host = element(id, HTMLElement);
    this.words = this.host.querySelector('.said')!;
    this.host.querySelector('.again')!.addEventListener('click', () => void this.run());
    const seen = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        seen.disconnect();
        void this.run();
      },
      { threshold: 0.4 },
    );
    seen.observe(this.host.querySelector('.stage')!);
  }

  /** Runs from the beginning. What still runs comes to its end first. */
  async run(): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.host.dataset.state = 'running';
    try {
      await this.play(running.signal);
      if (this.running === running) this.host.dataset.state = 'done';
    } catch (error) {
      if (this.running !== running) return;
      this.host.dataset.state = 'failed';
      this.say(`This did not run: ${(error as Error).message}`);
    }
  }

  /** Tells in words what the figure shows. */
  say(text: string): void {
    this.words.textContent = text;
  }
}

/** Calls with a share from 0 to 1, frame by frame for so many milliseconds; with 1 alone for who wants no motion. */
export function animate(
  duration: number,
  signal: AbortSignal,
  frame: (share: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const began = performance.now();
    const next = (now: number): void => {
      if (signal.aborted) return resolve();
      const share = still.matches ? 1 : Math.min(Math.max((now - began) / duration, 0), 1);
      frame(share);
      if (share < 1) requestAnimationFrame(next);
      else resolve();
    };
    requestAnimationFrame(next);
  });
}
