import { writeFileSync } from 'node:fs';
import type { ImageData } from '../../examples/data/image-set.js';
import { loadFashionMnist } from '../../examples/data/fashion-mnist.js';
import { loadMnist } from '../../examples/data/mnist.js';
import { firstOfEachClass } from './first-of-each-class.js';

/** Writes the samples of this folder from the npm packages that hold the whole data sets: see its README. */
const sources: Record<string, () => ImageData> = {
  mnist: () => loadMnist({ test: 1 }),
  'fashion-mnist': () => loadFashionMnist({ test: 1 }),
};

for (const [name, load] of Object.entries(sources)) {
  writeFileSync(new URL(`${name}.bin`, import.meta.url), firstOfEachClass(load().train));
}
