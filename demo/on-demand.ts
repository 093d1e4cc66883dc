import { element } from './form.js';
import type { OnProgress } from './records.js';
import type { Session } from './session.js';

/** How a figure comes about. */
export interface Recipe<T> {
  measure(session: Session, onProgress: OnProgress): Promise<T>;
  draw(result: T): void | Promise<void>;
  inWords(result: T): string;
  /** Removes the drawing. */
  forget(): void;
}

/** What the page does with such a figure, whatever it shows. */
export interface OnDemand {
  /** What was measured last. */
  readonly result: unknown;
  /** Whether its button can be pressed. */
  isEnabled: boolean;
  /** Forgets what was measured. */
  clear(): void;
}

/** A figure that is measured when its button is pressed. It has a chart, a button, and the same in words. */
export class OnDemandFigure<T> implements OnDemand {
  private readonly button: HTMLButtonElement;
  private readonly words: HTMLElement;
  result: T | null = null;

  /** @param session what is measured when the button is pressed; null while nothing can be */
  constructor(
    id: string,
    private readonly session: () => Session | null,
    private readonly recipe: Recipe<T>,
  ) {
    this.button = element(`measure-${id}`, HTMLButtonElement);
    this.words = element(`${id}-words`, HTMLElement);
    this.button.addEventListener('click', () => {
      const current = session();
      if (current != null) void this.measure(current);
    });
  }

  get isEnabled(): boolean {
    return !this.button.disabled;
  }

  set isEnabled(isEnabled: boolean) {
    this.button.disabled = !isEnabled;
    this.button.textContent = 'Measure now';
  }

  clear(): void {
    this.result = null;
    this.words.textContent = '';
    this.recipe.forget();
  }

  private async measure(session: Session): Promise<void> {
    this.button.disabled = true;
    this.button.textContent = 'Measuring…';
    try {
      const result = await this.recipe.measure(session, (share) => {
        if (!this.isEnabled) this.button.textContent = `Measuring… ${Math.round(100 * share)} %`;
      });
      if (session !== this.session()) return;
      this.result = result;
      await this.recipe.draw(result);
      this.words.textContent = this.recipe.inWords(result);
    } catch (error) {
      if (session === this.session()) this.words.textContent = `Not measured: ${(error as Error).message}`;
    } finally {
      if (session === this.session()) this.isEnabled = true;
    }
  }
}
