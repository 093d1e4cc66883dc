import type { DataName, NetName } from './choices.js';
import { choices, fits } from './choices.js';
import type { Problem, Settings } from './settings.js';
import { defaultsFor } from './settings.js';

/** The element of the page with an id, which is there and of a kind. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** What follows from the choice of data and net, and is chosen anew with them. */
const dependent = ['widths', 'learningRate', 'batchSize', 'directions'] as const;

/** The form with the settings. */
export class SettingsForm {
  /** The defaults of the data and net chosen. */
  private defaults: Settings = defaultsFor('moons', 'mlp');

  /** @param problems where to say what is wrong */
  constructor(
    private readonly form: HTMLFormElement,
    private readonly problems: HTMLElement,
  ) {
    for (const [name, options] of Object.entries(choices)) {
      this.field(name).append(
        ...Object.entries(options).map(([value, { label }]) => new Option(label, value)),
      );
    }
    for (const name of ['data', 'net']) this.field(name).addEventListener('change', () => this.adapt());
  }

  read(): URLSearchParams {
    return new URLSearchParams([...new FormData(this.form)].map(([name, value]) => [name, String(value)]));
  }

  write(settings: Settings): void {
    for (const [name, value] of Object.entries(settings)) this.field(name).value = String(value);
    this.defaults = defaultsFor(settings.data, settings.net);
    this.offerNetsThatFit();
  }

  /** Shows what is wrong, and marks the fields that it is about. */
  mark(problems: readonly Problem[]): void {
    this.problems.textContent = problems.map(({ message }) => message).join('\n');
    for (const input of this.form.querySelectorAll('input, select')) {
      const isWrong = problems.some(({ name }) => name === input.getAttribute('name'));
      input.setAttribute('aria-invalid', String(isWrong));
      if (isWrong) input.setAttribute('aria-describedby', this.problems.id);
      else input.removeAttribute('aria-describedby');
      // A field that is to be mended has to be seen.
      if (isWrong) input.closest('details')?.setAttribute('open', '');
    }
  }

  /** Marks the fields that hold something else than the run has. @returns their labels */
  markChanged(applied: Settings): string[] {
    const changed: string[] = [];
    for (const [name, value] of Object.entries(applied)) {
      const field = this.field(name);
      const isChanged = field.value !== String(value);
      field.toggleAttribute('data-changed', isChanged);
      if (isChanged) changed.push(field.labels![0]!.firstChild!.textContent!.trim());
    }
    return changed;
  }

  /** After another choice of data or net: a net that fits, and its defaults wherever the visitor has left the former. */
  private adapt(): void {
    const data = this.field('data').value as DataName;
    const net = this.field('net').value as NetName;
    const former = this.defaults;
    this.defaults = defaultsFor(data, fits(net, data) ? net : 'mlp');
    this.field('net').value = this.defaults.net;
    for (const name of dependent) {
      const field = this.field(name);
      if (field.value === String(former[name])) field.value = String(this.defaults[name]);
    }
    this.offerNetsThatFit();
  }

  private offerNetsThatFit(): void {
    const data = this.field('data').value as DataName;
    for (const option of this.field('net').querySelectorAll('option')) {
      option.disabled = !fits(option.value as NetName, data);
    }
  }

  private field(name: string): HTMLInputElement | HTMLSelectElement {
    const found = this.form.elements.namedItem(name);
    if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
    throw new Error(`the form has no field ${name}`);
  }
}
