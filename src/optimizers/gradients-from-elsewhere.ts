/**
 * Says on the console that an optimizer finds no directions, and the way out. A step without them is right as such, that
 * of SGD: it is no error, but hardly what was wanted.
 */
export function warnOfGradientsFromElsewhere(optimizer: string): void {
  console.warn(
    `${optimizer}: a search for directions is due, but the gradients came from tf.variableGrads or elsewhere, and without the loss ` +
      'there is nothing to search: the steps are those of plain SGD. Write optimizer.computeGradients(f, vars) in place of ' +
      'tf.variableGrads(f, vars), or optimizer.minimize(f); or give directions with refreshDirections or setDirections ' +
      'and set refreshEvery: 0.',
  );
}
