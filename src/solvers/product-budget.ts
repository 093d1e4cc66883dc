import type { WithMagnitude } from '../operators/magnitude.js';
import { byDefault, integer, oneOf, or } from '../options.js';
import type { DriveOptions } from '../tfjs/drive.js';

/** `maxMatvecs` of a solver. */
export const mostProducts = byDefault(or(integer(1), Infinity), Infinity);

/** `onAbort` of a solver. */
export const abortChoice = byDefault(oneOf('reject', 'return'), 'reject');

/** How a run ends before it has found what it looks for. */
export interface StopPlan extends DriveOptions {
  readonly maxMatvecs: number;
  readonly onAbort: 'reject' | 'return';
}

/** What a driver stops a run by: a run that returns what it has when it is aborted stops by itself. */
export function driverStop({ signal, onAbort }: StopPlan): DriveOptions {
  return onAbort === 'return' ? {} : { signal };
}

/** What asking for the magnitude of an operator may cost: two steps of power iteration. */
const MAGNITUDE_PRODUCTS = 2;

/**
 * The products that a run may spend, and those that it has spent. A run that is to return what it has when it is
 * aborted has none left from then on, but for the reserve.
 */
export class ProductBudget {
  /** Products spent so far, without those of the magnitude. */
  spent = 0;
  private ofMagnitude = 0;
  private readonly most: number;
  private readonly signal: AbortSignal | null;

  /**
   * @param plan without one there is no limit
   * @param reserve how many products are kept for the end of the run
   */
  constructor(
    plan: StopPlan | null = null,
    private readonly reserve = 0,
  ) {
    this.most = plan?.maxMatvecs ?? Infinity;
    this.signal = (plan?.onAbort === 'return' ? plan.signal : null) ?? null;
  }

  /** What a run ends with where it has no product left. */
  get status(): 'aborted' | 'maxMatvecs' {
    return this.signal?.aborted ? 'aborted' : 'maxMatvecs';
  }

  /** Products that may still be spent, with the reserve left untouched. */
  get left(): number {
    if (this.signal?.aborted) return 0;
    return Math.max(0, this.most - this.spent - this.ofMagnitude - this.reserve);
  }

  /** Whether some more products may be spent, with the reserve left untouched. */
  allows(products = 1): boolean {
    return !this.signal?.aborted && products <= this.left;
  }

  /** Whether the magnitude of an operator may be asked for, which costs products once in a run: they are taken off. */
  takeMagnitude(operator: WithMagnitude): boolean {
    if (operator.magnitude == null || this.ofMagnitude > 0) return true;
    if (!this.allows(MAGNITUDE_PRODUCTS)) return false;
    this.ofMagnitude = MAGNITUDE_PRODUCTS;
    return true;
  }
}
