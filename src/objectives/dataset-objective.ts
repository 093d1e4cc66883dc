import type { Tensor } from '@tensorflow/tfjs-core';
import { concat, dispose, tidy, util } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, isTensor, requireArgument, requireThat } from '../errors.js';
import type { Schema } from '../options.js';
import { byDefault, integer, number, or, readOptions } from '../options.js';
import { parameterSpace } from '../parameters.js';
import { isDataset, remedyFor } from '../remedies.js';
import { guardScope } from '../tfjs/scope-guard.js';
import type { TensorsByName } from './batches.js';
import { cutIntoBatches, fitsShape } from './batches.js';
import type { OrderedData } from './model-data.js';
import { orderData, requireLiveData } from './model-data.js';
import type { ModelObjectiveOptions } from './model-objective.js';
import { modelLoss, modelObjectiveSchema } from './model-objective.js';
import { requireLayersModel, modelVariables } from './model-structure.js';
import { modelTerm } from './model-terms.js';
import type { LossTerm, Objective } from './objective.js';
import { hasStates } from '../tfjs/stateful-layers.js';

/** The part of a `tf.data` Dataset that is used: its elements are batches {xs, ys}, as `fitDataset` takes them. */
export interface BatchedDataset {
  iterator(): Promise<{ next(): Promise<{ value: unknown; done?: boolean | undefined }> }>;
  /** How many batches there are; null where that is not known. */
  readonly size?: number | null;
}

/** Options of {@link modelObjectiveFromDataset}: those of `modelObjective`, but for the size of the batches. */
export interface DatasetObjectiveOptions extends Omit<ModelObjectiveOptions, 'batchSize'> {
  /** How many batches to take, from the first. Default: all; needed for a dataset that repeats without end. */
  readonly batches?: number;
  /** Bytes that the batches may take on the device, all together. Default 256 MiB. */
  readonly memoryLimit?: number;
}

const { loss, training, classWeight } = modelObjectiveSchema;
const schema = {
  loss,
  training,
  classWeight,
  batches: integer(1),
  memoryLimit: byDefault(or(number({ above: 0 }), Infinity), 256 * 2 ** 20),
} satisfies Schema<DatasetObjectiveOptions>;

/** An objective that owns the batches it was read from. */
export interface DatasetObjective extends Objective {
  /** N, how many examples were read. */
  readonly examples: number;
  /** Frees the batches; what uses the objective afterwards throws. Harmless when repeated. */
  dispose(): void;
}

const where = 'modelObjectiveFromDataset';

/**
 * The training loss of a tfjs-layers model on the batches of a `tf.data` Dataset:
 *
 *     L(θ) = Σ_b N_b/N L_b(θ),   L_b the loss that `fitDataset` takes of batch b, with N_b examples
 *
 * The dataset is read once, from its beginning, and its batches stay on the device: every product needs all of them.
 *
 * @param model any LayersModel or Sequential
 * @param dataset a Dataset of batches {xs, ys} (`.batch(size)`), as `fitDataset` takes it. What its iterator gives
 *   belongs to the objective then
 * @param options see {@link DatasetObjectiveOptions}
 * @returns an objective that owns its batches: `dispose` it after the operators and monitors that use it
 * @throws CurvatureArgumentError as `modelObjective`, and for batches that take more than `memoryLimit`; nothing stays
 *   on the device then
 * @example
 * const xs = tf.randomNormal([64, 4]);
 * const ys = tf.randomNormal([64, 1]);
 * const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [4] })] });
 * // tf.data.zip({ xs, ys }).batch(32) of the union package, or anything with an iterator of batches:
 * const batches = [0, 32].map((at) => ({ xs: tf.slice(xs, at, 32), ys: tf.slice(ys, at, 32) }));
 * const dataset = {
 *   size: 2,
 *   iterator: async () => ({ next: async () => ({ value: batches[0] ?? null, done: batches.shift() == null }) }),
 * };
 * const objective = await modelObjectiveFromDataset(model, dataset, { loss: 'meanSquaredError' });
 * const hessian = new HessianOperator(objective);
 * const { eigenvalues } = await lanczos(hessian);
 * hessian.dispose();
 * objective.dispose();
 */
export async function modelObjectiveFromDataset(
  model: LayersModel,
  dataset: BatchedDataset,
  options: DatasetObjectiveOptions = {},
): Promise<DatasetObjective> {
  requireLayersModel(model, where);
  const remedy = remedyFor('dataset', dataset);
  requireArgument(isDataset(dataset), where, 'a tf.data Dataset of batches {xs, ys}', dataset, remedy);
  const { batches, memoryLimit, ...settings } = readOptions(options, schema, where);
  requireThat(
    batches != null || dataset.size !== Infinity,
    where,
    'a Dataset that ends',
    'one that repeats without end',
    'Write { batches: n } to take the first n batches',
  );
  const parameters = parameterSpace(modelVariables(model, where), where);
  let portions = await readPortions(model, dataset, batches, memoryLimit);
  const release = (): void => portions.forEach(disposePortion);
  try {
    const examples = portions.reduce((total, portion) => total + portion.examples, 0);
    if (hasStates(model)) portions = [joinPortions(portions)];
    const loss = modelLoss(model, portions, settings, where);
    const terms = portions.map((portion): LossTerm => {
      const size = hasStates(model) ? model.inputs[0]!.shape[0]! : portion.examples;
      const whole = portion.examples % size === 0;
      requireThat(
        whole,
        where,
        `batches of ${size} examples, for which the stateful model was built`,
        'others',
      );
      return modelTerm(loss, portion, cutIntoBatches(portion.examples, size), portion.examples / examples);
    });
    const evaluate = <T>(f: () => T): T => {
      for (const portion of portions) requireLiveData(portion, where);
      loss.requireClasses();
      return f();
    };
    return { parameters, terms, source: where, evaluate, examples, dispose: release };
  } catch (error) {
    release();
    throw error;
  }
}

/** The first batches of a dataset, all if `batches` is undefined. They are the caller's. */
async function readPortions(
  model: LayersModel,
  dataset: BatchedDataset,
  batches: number | undefined,
  memoryLimit: number,
): Promise<OrderedData[]> {
  const requireScope = guardScope(where);
  const portions: OrderedData[] = [];
  let bytes = 0;
  try {
    const iterator = await dataset.iterator();
    while (batches == null || portions.length < batches) {
      const { value, done } = await iterator.next();
      requireScope();
      if (value != null) {
        const portion = toPortion(model, value);
        portions.push(portion);
        bytes += bytesOf(portion);
        requireThat(
          bytes <= memoryLimit,
          where,
          `batches of at most ${memoryLimit} bytes all together`,
          `${bytes} in the first ${portions.length}`,
          'Write { batches: n } to take fewer, or { memoryLimit: bytes } for more',
        );
      }
      if (done) break;
    }
    requireThat(portions.length > 0, where, 'a Dataset with at least one batch', 'one without');
    return portions;
  } catch (error) {
    portions.forEach(disposePortion);
    throw error;
  }
}

function toPortion(model: LayersModel, element: unknown): OrderedData {
  const { xs, ys, ...others } = element as { xs?: TensorsByName; ys?: TensorsByName };
  try {
    const isNamed = typeof element === 'object' && !Array.isArray(element) && !isTensor(element);
    requireThat(
      xs != null && ys != null && Object.keys(others).length === 0,
      where,
      'elements {xs, ys}, as fitDataset takes them',
      describe(isNamed ? Object.keys(element as object) : element),
      'sampleWeight' in others
        ? 'fitDataset leaves sampleWeight out: write modelObjective(model, { xs, ys, sampleWeight })'
        : 'Write dataset.map(([x, y]) => ({ xs: x, ys: y }))',
    );
    const input = model.inputs[0]!.shape;
    const { rank } = xs as Partial<Tensor>;
    const isExample =
      rank == null
        ? isNumbers(xs) || Object.values(xs).some(isNumbers)
        : rank === input.length - 1 && !fitsShape(xs as Tensor, input);
    requireArgument(!isExample, where, 'a Dataset of batches', xs, 'Write dataset.batch(32)');
    return orderData(model, { xs, ys }, where);
  } catch (error) {
    dispose(element as Record<string, Tensor>);
    throw error;
  }
}

/** Whether a part of an element is what `tf.data` gives of plain numbers that are not in batches. */
function isNumbers(part: unknown): boolean {
  const first: unknown = Array.isArray(part) ? part[0] : part;
  return typeof first === 'number' || Array.isArray(first) || ArrayBuffer.isView(first);
}

/** One portion of all examples, through which states go on. The parts are disposed. */
function joinPortions(portions: readonly OrderedData[]): OrderedData {
  const tensorsOf = ({ xs, ys }: OrderedData): Tensor[] => [...xs, ...ys];
  const [first] = portions as [OrderedData, ...OrderedData[]];
  const shapesOf = (portion: OrderedData): string[] =>
    tensorsOf(portion).map(({ shape, dtype }) => `${dtype} [${shape.slice(1)}]`);
  const odd = portions.find((portion) => shapesOf(portion).join() !== shapesOf(first).join());
  const expected = `batches of one shape for a stateful model, examples of ${shapesOf(first).join(', ')}`;
  requireThat(odd == null, where, expected, odd == null ? '' : shapesOf(odd).join(', '));
  const joined = tidy(() => {
    const join = (pick: (portion: OrderedData) => readonly Tensor[]): Tensor[] =>
      pick(first).map((_tensor, i) => concat(portions.map((portion) => pick(portion)[i]!)));
    return { xs: join(({ xs }) => xs), ys: join(({ ys }) => ys) };
  });
  portions.forEach(disposePortion);
  const examples = portions.reduce((total, portion) => total + portion.examples, 0);
  return { ...joined, sampleWeight: null, examples };
}

function bytesOf({ xs, ys }: OrderedData): number {
  return [...xs, ...ys].reduce((total, { size, dtype }) => total + size * util.bytesPerElement(dtype), 0);
}

function disposePortion({ xs, ys }: OrderedData): void {
  dispose([...xs, ...ys]);
}
