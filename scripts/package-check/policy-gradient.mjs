// A loop of one of the public projects, as plain JavaScript: policy gradients as for the cart and pole. Gradients of each
// step of a game are kept, their mean goes to the optimizer after the game, whose directions come from computeGradients.

/** The program for one way of having TensorFlow.js. */
export const policyGradient = ({ core, layers, backend }) => `
import * as tf from '${core}';
${core === layers ? 'const layers = tf;' : `import * as layers from '${layers}';`}
${backend ? `import '${backend}';` : ''}
import { NSGD } from 'tfjs-curvature';

await tf.setBackend('cpu');
const policy = layers.sequential({
  layers: [
    layers.layers.dense({ units: 4, inputShape: [4], activation: 'elu' }),
    layers.layers.dense({ units: 1 }),
  ],
});
const optimizer = new NSGD({ learningRate: 0.05, k: 2 });
const variables = policy.trainableWeights.map((weight) => weight.read());
for (let game = 0; game < 3; game++) {
  const kept = [];
  for (let step = 0; step < 5; step++) {
    tf.tidy(() => {
      const state = tf.randomNormal([1, 4], 0, 1, 'float32', 10 * game + step + 1);
      const loss = () => tf.losses.sigmoidCrossEntropy(tf.tensor2d([[step % 2]]), policy.predict(state));
      const { grads } = optimizer.computeGradients(loss, variables);
      kept.push(Object.entries(grads).map(([name, grad]) => [name, tf.keep(grad)]));
    });
  }
  const mean = kept[0].map(([name], i) => ({
    name,
    tensor: tf.tidy(() => tf.mean(tf.stack(kept.map((grads) => grads[i][1])), 0)),
  }));
  optimizer.applyGradients(mean);
  tf.dispose([kept.flat().map(([, grad]) => grad), mean.map(({ tensor }) => tensor)]);
}
if (!optimizer.isNudging || optimizer.directions.shape[0] !== 2) {
  throw new Error('expected directions after three games, received ' + optimizer.status);
}
console.log('works');
`;
