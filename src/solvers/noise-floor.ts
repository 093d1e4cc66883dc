import { EXACT } from './measure-again.js';

/** Products without a smaller residual before one may be said to fall no more. */
const PATIENCE = 10;

/**
 * Notices when the residuals of a power iteration sit at the noise of the products.
 *
 * What noise e of length η in a random direction adds to uᵀAv is some η/√n. So where products contradict each other by
 * more than rounding does, √n times that is the noise, or more if it has a direction. Residuals that it makes up for the
 * most part, and that have not become smaller for a while, will not.
 */
export class NoiseFloor {
  private smallest = Infinity;
  /** What there has been since the smallest. */
  private products = 0;
  private noise = 0;
  private share = 0;

  /** @param size n */
  constructor(private readonly size: number) {}

  /**
   * Takes up what a product v -> Av has shown.
   *
   * @param residualNorm ‖Av - λv‖
   * @param imageNorm ‖Av‖
   * @param asymmetry |uᵀAv - vᵀAu|, u the vector before v
   */
  observe(residualNorm: number, imageNorm: number, asymmetry: number): void {
    this.share = residualNorm / imageNorm;
    if (this.share < this.smallest) {
      this.smallest = this.share;
      this.products = 0;
      this.noise = 0;
      return;
    }
    this.products++;
    this.noise = Math.max(this.noise, asymmetry / imageNorm);
  }

  /** Whether the residuals have come down to the noise. */
  get isReached(): boolean {
    if (this.products < PATIENCE || this.noise <= EXACT) return false;
    return Math.sqrt(this.size) * this.noise >= Math.SQRT1_2 * this.share;
  }
}
