import type { Problem, Settings } from './settings.js';
import { backends, dataSets, nets, optimizers } from './settings.js';

/** The element of the page with an id, which is there and of a kind. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

const labels: Record<string, string> = {
  moons: 'two moons',
  circles: 'two circles',
  spirals: 'two spirals',
  both: 'SGD and NSGD',
  sgd: 'SGD',
  nsgd: 'NSGD',
};

/** Gives the selects of the form their options. */
export function fillSelects(form: HTMLFormElement): void {
  for (const [name, values] of Object.entries({
    data: dataSets,
    net: nets,
    backend: backends,
    optimizer: optimizers,
  })) {
    field(form, name).append(...values.map((value) => new Option(labels[value] ?? value, value)));
  }
}

export function readForm(form: HTMLFormElement): URLSearchParams {
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

export function writeForm(form: HTMLFormElement, settings: Settings): void {
  for (const [name, value] of Object.entries(settings)) field(form, name).value = String(value);
}

/** Shows what is wrong beside the fields that it is about. */
export function markProblems(form: HTMLFormElement, place: HTMLElement, problems: readonly Problem[]): void {
  place.textContent = problems.map(({ message }) => message).join('\n');
  for (const input of form.querySelectorAll('input, select')) {
    const isWrong = problems.some(({ name }) => name === input.getAttribute('name'));
    input.setAttribute('aria-invalid', String(isWrong));
    if (isWrong) input.setAttribute('aria-describedby', place.id);
    else input.removeAttribute('aria-describedby');
  }
}

function field(form: HTMLFormElement, name: string): HTMLInputElement | HTMLSelectElement {
  const found = form.elements.namedItem(name);
  if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
  throw new Error(`the form has no field ${name}`);
}
