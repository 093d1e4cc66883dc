/** What functions of this package are given, also by mistake. */
type Kind =
  | 'promise'
  | 'layersModel'
  | 'graphModel'
  | 'dataset'
  | 'objective'
  | 'operator'
  | 'rectangular'
  | 'optimizer'
  | 'eigenpairs'
  | 'layerWeight'
  | 'variable'
  | 'tensor'
  | 'numbers'
  | 'list'
  | 'function'
  | 'object';

/** What a function wants in the place. */
type Wanted =
  | 'operator'
  | 'rectangular'
  | 'objective'
  | 'loss'
  | 'model'
  | 'data'
  | 'dataset'
  | 'tensors'
  | 'variables'
  | 'target'
  | 'vector'
  | 'directions'
  | 'optimizer';

const awaited = 'It answers later: put await before the call that makes it';
const oneObject = 'Give both in one object, as in modelObjective(model, { xs, ys })';
const readDataset = 'Read a tf.data Dataset first: await modelObjectiveFromDataset(model, dataset)';
const variablesOfModel =
  'Write model.trainableWeights.map((weight) => weight.read()), in TypeScript with `as tf.Variable` after read()';
const frozen =
  'A GraphModel is frozen: its weights are constants. Load the model with tf.loadLayersModel where it was saved as ' +
  'layers, or make variables of the tensors in graphModel.weights, write the loss with them, and give it to ' +
  'lossObjective(loss, variables)';

/** What to write instead. */
const remedies: Readonly<Record<Wanted, Partial<Record<Kind, string>>>> = {
  operator: {
    promise: awaited,
    objective: 'Write new HessianOperator(objective)',
    layersModel: 'Write new HessianOperator(modelObjective(model, { xs, ys }))',
    graphModel: frozen,
    function:
      'For a product, write { size, matvec, dispose }; for a loss, new HessianOperator(lossObjective(loss, variables))',
    rectangular: 'Write svd(operator) for singular values, or tangentKernel(operator) for JJᵀ',
    tensor: 'For a matrix, write matrixOperator(matrix)',
    numbers: 'For a matrix, write matrixOperator(tf.tensor2d(rows))',
    list: 'Give the operators one by one',
  },
  rectangular: {
    promise: awaited,
    layersModel: 'Write new JacobianOperator(model, xs)',
    operator: 'For a symmetric operator, write { shape: [n, n], matvec, rmatvec: matvec }',
  },
  objective: {
    promise: awaited,
    layersModel: 'Write modelObjective(model, { xs, ys })',
    graphModel: frozen,
    dataset: readDataset,
    function: 'Write lossObjective(loss, variables)',
    operator: 'Give the objective that the operator was made of',
    optimizer: 'The optimizer comes first: refreshDirections(nsgd, objective)',
  },
  optimizer: {
    objective: 'The optimizer comes first: refreshDirections(nsgd, objective)',
    optimizer: 'Take an NSGD: directions mean nothing to other optimizers',
    layersModel: 'Give the NSGD that the model was compiled with: model.optimizer',
  },
  loss: {
    layersModel: 'For the loss of a model, write modelObjective(model, { xs, ys })',
    graphModel: frozen,
    tensor: 'Write lossObjective(() => loss, variables), so that the loss can be computed again',
    promise: 'Write a function that answers at once: await what it needs before',
  },
  model: {
    promise: awaited,
    graphModel: frozen,
    objective: 'Give the model that the objective was made of',
    object: 'Write modelObjective(model, { xs, ys }), the model first',
    dataset: 'Write await modelObjectiveFromDataset(model, dataset), the model first',
    function: 'For a loss of your own, write lossObjective(loss, variables)',
  },
  data: {
    promise: awaited,
    tensor: oneObject,
    list: oneObject,
    numbers: 'Write modelObjective(model, { xs: tf.tensor(xs), ys: tf.tensor(ys) })',
    dataset: readDataset,
  },
  dataset: {
    promise: awaited,
    tensor: 'For tensors, write modelObjective(model, { xs, ys })',
    object: 'For tensors, write modelObjective(model, { xs, ys })',
  },
  tensors: {
    promise: awaited,
    numbers:
      'Make a tensor of the numbers: tf.tensor(values), with the shape as second argument for a typed array',
    dataset: readDataset,
  },
  variables: {
    variable: 'Write a list: [variable]',
    layerWeight: variablesOfModel,
    layersModel: variablesOfModel,
    tensor: 'Make variables with tf.variable(tensor), and let the loss use them',
    numbers: 'Make variables with tf.variable(tf.tensor(values)), and let the loss use them',
    object: 'Write a list: Object.values(variables)',
    graphModel: frozen,
  },
  target: {
    promise: awaited,
    layersModel: 'Write { model, data: { xs, ys } }',
    graphModel: frozen,
    operator: 'Give the objective that the operator was made of',
    function: 'Write lossObjective(loss, variables)',
  },
  vector: {
    promise: awaited,
    numbers: 'Write tf.tensor1d(values)',
    tensor: "Write tf.cast(tf.reshape(vector, [-1]), 'float32')",
    list: 'Join tensors by variable with operator.parameters.flatten(tensors)',
  },
  directions: {
    promise: awaited,
    eigenpairs: 'Write nsgd.setDirections(result.eigenvectors, { eigenvalues: result.eigenvalues })',
    numbers: 'Write tf.tensor2d(rows)',
  },
};

/**
 * What to write instead of what was received, where that tells what was meant; null where it does not.
 *
 * @param wanted what the function takes there
 */
export function remedyFor(wanted: Wanted, received: unknown): string | null {
  const kind = kindOf(received);
  return kind == null ? null : (remedies[wanted][kind] ?? null);
}

/**
 * What to do where a value depends on nothing that it is to be differentiated by.
 *
 * @param value names it, as 'the loss'
 */
export function withoutDerivative(value: string): string {
  return (
    'Reads (dataSync), comparisons, tf.round, tf.argMax and the like have no derivative: compute ' +
    `${value} of the variables without them`
  );
}

/** Whether something is a `tf.data` Dataset, of whichever copy of the package. */
export function isDataset(value: unknown): boolean {
  return kindOf(value) === 'dataset';
}

function kindOf(value: unknown): Kind | null {
  if (typeof value === 'function') return 'function';
  if (typeof value === 'number') return 'numbers';
  if (typeof value !== 'object' || value === null) return null;
  if (ArrayBuffer.isView(value)) return 'numbers';
  if (Array.isArray(value)) return kindOfList(value);
  const has = (...names: string[]): boolean => names.every((name) => name in value);
  if (has('then', 'catch')) return 'promise';
  if (has('shape', 'dtype', 'read')) return 'layerWeight';
  if (has('shape', 'dtype', 'assign')) return 'variable';
  if (has('shape', 'dtype')) return 'tensor';
  if (has('trainableWeights', 'apply')) return 'layersModel';
  if (has('modelVersion', 'weights')) return 'graphModel';
  if (has('iterator')) return 'dataset';
  if (has('terms', 'parameters')) return 'objective';
  if (has('minimize', 'applyGradients')) return 'optimizer';
  if (has('eigenvalues', 'eigenvectors')) return 'eigenpairs';
  if (has('size', 'matvec')) return 'operator';
  if (has('shape', 'matvec', 'rmatvec')) return 'rectangular';
  return 'object';
}

/** A list is what its first entry is, or a list of several. */
function kindOfList(list: readonly unknown[]): Kind {
  const [first] = list;
  if (typeof first === 'number' || typeof first === 'boolean' || Array.isArray(first)) return 'numbers';
  return ArrayBuffer.isView(first) ? 'numbers' : 'list';
}
