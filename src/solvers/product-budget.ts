import type { AnyOperator } from '../operators/async-operator.js';
import { byDefault, integer, or } from '../options.js';

/** `maxMatvecs` of a solver. */
export const mostProducts = byDefault(or(integer(1), Infinity), Infinity);

/** What asking for the magnitude of an operator may cost: two steps of power iteration. */
const MAGNITUDE_PRODUCTS = 2;

/** The products that a run may spend, and those that it has spent. */
export class ProductBudget {
  /** Products spent so far, without those of the magnitude. */
  spent = 0;
  private ofMagnitude = 0;

  /**
   * @param most products at most
   * @param reserve how many of them are kept for the end of the run
   */
  constructor(
    private readonly most = Infinity,
    private readonly reserve = 0,
  ) {}

  /** Whether some more products may be spent, with the reserve left untouched. */
  allows(products = 1): boolean {
    return this.spent + this.ofMagnitude + products + this.reserve <= this.most;
  }

  /** Whether the magnitude of an operator may be asked for, which costs products once in a run: they are taken off. */
  takeMagnitude(operator: AnyOperator): boolean {
    if (operator.magnitude == null || this.ofMagnitude > 0) return true;
    if (!this.allows(MAGNITUDE_PRODUCTS)) return false;
    this.ofMagnitude = MAGNITUDE_PRODUCTS;
    return true;
  }
}
