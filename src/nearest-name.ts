/**
 * What other frameworks (tf.train, Keras, PyTorch, Optax, SciPy, scikit-learn) call the options of this package, in
 * small letters without underscores: for each such name ours, in the order in which they are tried.
 */
const ours: Readonly<Record<string, readonly string[]>> = {
  abortsignal: ['signal'],
  atol: ['tol'],
  beta1: ['momentum'],
  callback: ['onProgress', 'onRecord', 'onRefresh'],
  clipgradnorm: ['clipNorm'],
  criterion: ['loss'],
  damp: ['damping'],
  damping: ['priorPrecision'],
  eps: ['tol', 'damping'],
  epsilon: ['tol', 'damping'],
  eta: ['learningRate'],
  features: ['xs'],
  globalclipnorm: ['clipNorm'],
  inputs: ['xs'],
  interval: ['refreshEvery', 'every'],
  l2: ['weightDecay', 'damping'],
  labels: ['ys'],
  lambda: ['damping', 'weightDecay'],
  lossfn: ['loss'],
  lossfunction: ['loss'],
  lr: ['learningRate'],
  lrs: ['learningRates'],
  m: ['preconditioner'],
  maxgradnorm: ['clipNorm'],
  maxiter: ['maxIterations', 'maxRestarts', 'maxMatvecs'],
  maxiterations: ['maxRestarts', 'maxMatvecs'],
  maxiters: ['maxIterations', 'maxRestarts', 'maxMatvecs'],
  maxsteps: ['maxIterations', 'maxRestarts', 'maxMatvecs', 'steps'],
  mode: ['which', 'method', 'type'],
  mu: ['momentum'],
  ncomponents: ['k'],
  ncv: ['krylovDim'],
  neigs: ['k'],
  nesterov: ['useNesterov'],
  niter: ['maxIterations', 'maxRestarts', 'maxMatvecs'],
  nsamples: ['numProbes', 'samples', 'maxMatvecs'],
  numcomponents: ['k'],
  numdirections: ['k'],
  numeigenthings: ['k'],
  numeigenvalues: ['k'],
  numeigs: ['k'],
  numiterations: ['maxIterations', 'maxRestarts', 'maxMatvecs'],
  numsamples: ['numProbes', 'samples', 'maxMatvecs'],
  numsteps: ['steps', 'maxIterations', 'maxRestarts'],
  onstep: ['onProgress', 'onRecord', 'onRefresh'],
  precond: ['preconditioner'],
  randomseed: ['seed'],
  randomstate: ['seed'],
  rng: ['seed'],
  rtol: ['tol'],
  shift: ['damping', 'near'],
  sigma: ['near'],
  stepsize: ['learningRate'],
  targets: ['ys'],
  tolerance: ['tol'],
  topk: ['k'],
  updateevery: ['refreshEvery', 'every'],
  v0: ['startVectors'],
  wd: ['weightDecay'],
  x: ['xs'],
  x0: ['initial', 'startVectors'],
  xtrain: ['xs'],
  y: ['ys'],
  ytrain: ['ys'],
};

/**
 * The one of `names` that `name` was meant for: the same but for case, underscores and a plural; what other
 * frameworks call it; or one that differs in a third of its letters at most. Null if there is none.
 *
 * @param elsewhere what a name is called elsewhere; default: the options of other frameworks
 */
export function nearestName(
  name: string,
  names: readonly string[],
  elsewhere: Readonly<Record<string, readonly string[]>> = ours,
): string | null {
  const plain = plainly(name);
  const same = names.find((other) => plainly(other) === plain);
  if (same != null) return same;
  const known = Object.hasOwn(elsewhere, plain) ? elsewhere[plain]! : [];
  const translated = known.find((other) => names.includes(other));
  if (translated != null) return translated;
  const distances = names.map((other) => editDistance(plain, plainly(other)));
  const least = Math.min(...distances);
  return least <= plain.length / 3 ? names[distances.indexOf(least)]! : null;
}

function plainly(name: string): string {
  return name.toLowerCase().replace(/[_\-\s]/g, '');
}

/** How many letters to insert, delete or replace to come from one word to the other (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
