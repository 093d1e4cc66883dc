import type { Tensor1D } from '@tensorflow/tfjs-core';
import { getBackend } from '@tensorflow/tfjs-core';
import { requireFinite } from '../autodiff/finite.js';
import { requireThat } from '../errors.js';
import type { Objective, SplitObjective } from '../objectives/objective.js';
import { requireObjective, requireSplits } from '../objectives/objective.js';
import type { Settings } from '../options.js';
import { readOptions } from '../options.js';
import type { ParameterSpace } from '../parameters.js';
import { synchronousRead } from '../tfjs/capabilities.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync, driveSync } from '../tfjs/drive.js';
import { PresentValues } from '../variables.js';
import type { PassOptions } from './kronecker/block-pass.js';
import { requireRegular } from './kronecker/block-spectrum.js';
import type { Block } from './kronecker/blocks.js';
import { disposeBlock, multiplyBlocks } from './kronecker/blocks.js';
import { buildBlocks } from './kronecker/build-blocks.js';
import { logDeterminantOf, squaredNormOf, traceOf } from './kronecker/closed-forms.js';
import { correctEigenvalues } from './kronecker/correct-eigenvalues.js';
import { inverseOperator, invertBlock } from './kronecker/damped-inverse.js';
import type { InverseBlock } from './kronecker/damped-inverse.js';
import type { KFACDeterminantOptions, KFACInverseOptions, KFACOptions } from './kronecker/kfac-options.js';
import { determinantSchema, inverseSchema, kfacSchema } from './kronecker/kfac-options.js';
import type { LinearOperator } from './linear-operator.js';

/** Eigenvectors of a factor so wide take seconds, and a minute of twice that. */
const WIDEST_BASIS = 1024;

const where = 'KFACOperator';

/** A block of a {@link KFACOperator}. */
export interface KFACBlock {
  /** Names of the variables that it belongs to. */
  readonly variables: readonly string[];
  readonly kind: 'kronecker' | 'diagonal';
  /** Why it is diagonal; null for one with factors. */
  readonly reason: string | null;
}

/** What is computed at one point θ. */
interface BuiltBlocks {
  readonly blocks: readonly Block[];
  readonly values: PresentValues;
}

/**
 * The Kronecker-factored approximate curvature of an objective (KFAC) as a linear operator on R^n: a positive semidefinite
 * block for each layer, in place of the Gauss-Newton or Fisher matrix, that can be inverted. For a kernel W with the inputs x
 * and the gradients g by its outputs, averaged over examples, positions and targets,
 *
 *     K = E[x xᵀ] ⊗ E[g gᵀ],   K vec(V) = vec(A V B),
 *
 * where the curvature itself has E[x xᵀ ⊗ g gᵀ]. The bias is the last row of W, with 1 as its input. Factors come from the
 * products and convolutions that a variable enters, whatever layer ran them: `matMul`, `conv2d`, what tfjs-layers makes of
 * these, and sums with a bias. Layers that are used several times sum over their uses. Frozen variables are left out.
 *
 * Equal to the block of the curvature for a layer that is linear in what is squared, as in a deep linear network under mean
 * squared error, and for one example with one position. What has no factors (embeddings, depthwise and recurrent kernels,
 * scales of normalisations) has the diagonal of the curvature: see `blocks`. Weights and averages are those of
 * `GaussNewtonOperator`; regularisers are no part of K: add theirs with `sum` or `shifted`. Examples have to be apart: batch
 * normalisation as in training (`training: true`) mixes them, and is refused.
 *
 * Cost: construction, one evaluation, a backward sweep to see that examples are apart, and C backward sweeps for C outputs of an
 * example (`'exact'`), `samples` of them (`'monteCarlo'`) or one (`'empirical'`), with the factors one to six gradients for each
 * sweep; a variable that is used where the tape does not tell examples apart costs a sweep for each example besides. A product:
 * two products of matrices a layer. `correctEigenvalues` costs as much as construction once more when it is first needed, and
 * eigenvectors on the host, of factors up to 1024 wide: wider ones are diagonal. Memory: the factors.
 *
 * Sources: Martens & Grosse 2015, "Optimizing Neural Networks with Kronecker-factored Approximate Curvature"; Grosse &
 * Martens 2016, "A Kronecker-factored Approximate Fisher Matrix for Convolution Layers"; George et al. 2018, "Fast Approximate
 * Natural Gradient Descent in a Kronecker-factored Eigenbasis"; Eschenhagen et al. 2023, "Kronecker-Factored Approximate
 * Curvature for Modern Neural Network Architectures".
 *
 * @example
 * const kfac = new KFACOperator(modelObjective(model, { xs, ys }), { type: 'monteCarlo', seed: 7 });
 * const gaussNewton = new GaussNewtonOperator(modelObjective(model, { xs, ys }));
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const preconditioner = await kfac.inverse({ damping: 1e-2 });
 * const step = await solve(gaussNewton, hessian.gradient(), { damping: 1e-2, preconditioner });
 */
export class KFACOperator implements LinearOperator {
  /** θ, the variables that the rows and columns belong to. */
  readonly parameters: ParameterSpace;
  /** n, the number of scalar parameters. */
  readonly size: number;
  private readonly objective: SplitObjective;
  private readonly settings: Settings<KFACOptions, typeof kfacSchema>;
  private built: BuiltBlocks | null = null;
  private disposed = false;

  /**
   * The Kronecker-factored curvature of a model, as an operator.
   *
   * @param objective a modelObjective, or a lossObjective given as {outputs, loss, likelihood}
   * @param options see {@link KFACOptions}
   * @throws CurvatureArgumentError for an objective that does not know its outputs, or whose loss is no known negative
   *   log-likelihood (`'empirical'` does without), for weights of examples below 0, outputs of an example that depend on others
   *   (NaN on WebGL and WebGPU), a network that uses its variables in another way from batch to batch, or an option out of range
   */
  constructor(objective: Objective, options: KFACOptions = {}) {
    requireObjective(objective, where);
    requireSplits(objective, where);
    this.objective = objective;
    this.settings = readOptions(options, kfacSchema, where);
    this.parameters = objective.parameters;
    this.size = this.parameters.size;
    this.current('constructor');
  }

  /** The blocks that K consists of, in the order of the parameters, and why those without factors are diagonal. */
  get blocks(): readonly KFACBlock[] {
    return this.current('blocks').blocks.map((block) => ({
      variables: this.namesOf(block),
      kind: block.kind,
      reason: block.kind === 'diagonal' ? block.reason : null,
    }));
  }

  /**
   * Kv at the present values of the variables.
   *
   * @param v shape [n], float32, finite; stays the caller's
   * @returns a new tensor of shape [n] that the caller disposes
   * @throws CurvatureArgumentError with `correctEigenvalues` on WebGPU, before an `await` of `trace` or `inverse`
   */
  matvec(v: Tensor1D): Tensor1D {
    const built = this.current('matvec');
    this.parameters.requireVector(v, `${where}.matvec`);
    requireFinite(v, `${where}.matvec`, 'a vector of finite numbers');
    if (!this.isCorrected(built)) this.correctAtOnce(built);
    return multiplyBlocks(built.blocks, this.parameters, v);
  }

  /**
   * (K + δI)⁻¹ as an operator, for `preconditioner` of `solve` or a natural gradient. It keeps to the values that the
   * variables have now.
   *
   * Cost, on the host: eigenvectors of all factors, 10 m³ operations for a factor of width m; for one with fewer rows than
   * half its width, as of a batch of few examples, m the number of rows. They are kept for the next call. A product: four
   * products of matrices a layer. Memory: the eigenvectors.
   *
   * @param options see {@link KFACInverseOptions}; `signal` stops it between two factors
   * @returns a positive definite operator, to be disposed by the caller; it outlives this one
   * @throws CurvatureArgumentError for δ < 0, δ = 0 with a singular block, which it names, or `split: 'factored'` with
   *   `correctEigenvalues`; for variables that are assigned to while it runs
   */
  async inverse(options: KFACInverseOptions): Promise<LinearOperator> {
    const here = `${where}.inverse`;
    const { damping, split, signal } = readOptions(options, inverseSchema, here);
    const isOne = split === 'exact' || !this.settings.correctEigenvalues;
    requireThat(isOne, here, "split 'exact' with correctEigenvalues", "'factored'");
    const names = (block: Block): string[] => this.namesOf(block);
    const { parameters } = this;
    return this.run('inverse', { signal }, function* (blocks) {
      if (damping === 0) for (const block of blocks) yield* requireRegular(block, names(block), here);
      const inverses: InverseBlock[] = [];
      for (const block of blocks) inverses.push(yield* invertBlock(block, damping, split));
      return inverseOperator(inverses, parameters);
    });
  }

  /** tr K = Σ tr A · tr B, in double precision from the factors. */
  async trace(): Promise<number> {
    return this.run('trace', {}, (blocks) => summed(blocks, traceOf));
  }

  /**
   * log det (K + δI), from the eigenvalues of the factors. Cost: as {@link inverse}, whose eigenvectors it shares.
   *
   * @param options δ and `signal`
   * @throws CurvatureArgumentError for δ < 0, or δ = 0 with a singular block, which it names
   */
  async logDeterminant(options: KFACDeterminantOptions): Promise<number> {
    const here = `${where}.logDeterminant`;
    const { damping, signal } = readOptions(options, determinantSchema, here);
    const names = (block: Block): string[] => this.namesOf(block);
    return this.run('logDeterminant', { signal }, function* (blocks) {
      if (damping === 0) for (const block of blocks) yield* requireRegular(block, names(block), here);
      return yield* summed(blocks, (block) => logDeterminantOf(block, damping));
    });
  }

  /** ‖K‖_F = (Σ ‖A‖² ‖B‖²)^½, in double precision from the factors. */
  async frobeniusNorm(): Promise<number> {
    return Math.sqrt(await this.run('frobeniusNorm', {}, (blocks) => summed(blocks, squaredNormOf)));
  }

  /**
   * Computes the factors afresh. Needed only when something else than the variables has changed, such as the data that a
   * loss closes over: assignments to the variables are noticed.
   */
  refresh(): void {
    this.release();
    this.current('refresh');
  }

  /** Releases the factors. Harmless when repeated. Operators that `inverse` has made live on. */
  dispose(): void {
    this.disposed = true;
    this.release();
  }
  private namesOf({ variables }: Block): string[] {
    return variables.map((i) => this.parameters.names[i]!);
  }

  private get passOptions(): PassOptions {
    const { type, samples, seed, correctEigenvalues } = this.settings;
    return { type, samples, seed, widest: correctEigenvalues ? WIDEST_BASIS : Infinity };
  }

  private current(use: string): BuiltBlocks {
    requireThat(!this.disposed, `${where}.${use}`, 'a live operator', 'a disposed one');
    if (this.built?.values.areCurrent() !== true) {
      this.release();
      const values = new PresentValues(this.parameters.variables);
      const { setting, correctEigenvalues } = this.settings;
      // The gradients of examples lie in the span of the inputs and gradients of positions, not in that of their means.
      const isWhole = correctEigenvalues && setting === 'reduce';
      const blocks = buildBlocks(this.objective, this.passOptions, setting, where, isWhole);
      this.built = { blocks, values };
    }
    return this.built!;
  }

  private isCorrected({ blocks }: BuiltBlocks): boolean {
    if (!this.settings.correctEigenvalues) return true;
    return blocks.every((block) => block.kind === 'diagonal' || block.correction != null);
  }

  private correctAtOnce({ blocks }: BuiltBlocks): void {
    const expected =
      'a backend that reads synchronously; here: await operator.trace() before the first product';
    requireThat(synchronousRead() !== 'forbidden', `${where}.matvec`, expected, getBackend());
    driveSync(correctEigenvalues(blocks, this.objective, this.passOptions, where));
  }

  /** Runs `steps` on the blocks of the present, whose parameters and factors have to stay as they are. */
  private run<T>(
    use: string,
    options: DriveOptions,
    steps: (blocks: readonly Block[]) => SolverSteps<T>,
  ): Promise<T> {
    const built = this.current(use);
    const { objective, passOptions } = this;
    const isCorrected = this.isCorrected(built);
    const whole = function* (): SolverSteps<T> {
      if (!isCorrected) yield* correctEigenvalues(built.blocks, objective, passOptions, where);
      return yield* steps(built.blocks);
    };
    return driveAsync(whole(), options, `${where}.${use}`, () => {
      built.values.requireCurrent(`${where}.${use}`);
      const received = 'one that was disposed or refreshed meanwhile';
      requireThat(this.built === built, `${where}.${use}`, 'a live operator', received);
    });
  }

  private release(): void {
    this.built?.blocks.forEach(disposeBlock);
    this.built = null;
  }
}

function* summed(blocks: readonly Block[], term: (block: Block) => SolverSteps<number>): SolverSteps<number> {
  let sum = 0;
  for (const block of blocks) sum += yield* term(block);
  return sum;
}
