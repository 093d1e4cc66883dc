import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { modelNames } from '../models/create-model.js';
import type { RunSettings } from './settings.js';
import { findingNames } from './settings.js';
import { sizeNames, sizes } from './sizes.js';

/** Something about the command line, the output folder or an earlier run stands in the way. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

const dataNames = ['mnist', 'fashion-mnist', 'cifar10'] as const;

export const usage: string = `npm run paper -- <finding> [options]

  <finding>          ${findingNames.join(' | ')}
  --size             ${sizeNames.join(' | ')}   (default: tiny)
  --data             ${dataNames.join(' | ')}   (default: by size)
  --data-folder      folder with the original files of the data
  --model            ${modelNames.join(' | ')}   (default: simple-cnn)
  --seeds            how many seeds, from 1   (default: by size)
  --random-labels    share of training labels replaced by random ones, 0 to 1   (default: 0)
  --augment          shift and mirror training images at random, in the NSGD runs
  --out              folder of records, pictures and report   (default: out/paper/<finding>-<data>-<model>-<size>)
`;

/**
 * The settings of a run.
 *
 * @param args what comes after the name of the program
 * @throws RunError for a finding, option or value that is not known
 */
export function parseCommandLine(args: readonly string[]): RunSettings {
  const { values, positionals } = parse(args);
  if (positionals.length !== 1) throw new RunError(`expected one finding, received ${positionals.length}`);
  const finding = oneOf('a finding', positionals[0]!, findingNames);
  const size = oneOf('--size', values.size ?? 'tiny', sizeNames);
  const data = oneOf('--data', values.data ?? sizes[size].data, dataNames);
  const model = oneOf('--model', values.model ?? 'simple-cnn', modelNames);
  const seeds = Number(values.seeds ?? sizes[size].seeds);
  if (!Number.isInteger(seeds) || seeds < 1) {
    throw new RunError(`--seeds: expected a whole number from 1, received ${values.seeds}`);
  }
  const randomLabels = Number(values['random-labels'] ?? 0);
  if (!(randomLabels >= 0 && randomLabels <= 1)) {
    throw new RunError(`--random-labels: expected a share from 0 to 1, received ${values['random-labels']}`);
  }
  const augment = values.augment ?? false;
  const noisy = randomLabels > 0 ? `-random-labels-${randomLabels}` : '';
  const augmented = augment ? '-augmented' : '';
  const out = values.out ?? join('out', 'paper', `${finding}-${data}-${model}-${size}${noisy}${augmented}`);
  const dataFolder = values['data-folder'] ?? null;
  return { finding, data, dataFolder, model, size, seeds, randomLabels, augment, out };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        size: text,
        data: text,
        'data-folder': text,
        model: text,
        seeds: text,
        'random-labels': text,
        augment: { type: 'boolean' },
        out: text,
      },
    });
  } catch (error) {
    throw new RunError(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<T extends string>(what: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw new RunError(`${what}: expected ${known.join(', ')}, received '${value}'`);
  return found;
}
