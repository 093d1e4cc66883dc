import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { modelNames } from '../models/create-model.js';
import type { ScaleRowName } from './at-scale/rows.js';
import { isOfTrainings, scaleRowNames } from './at-scale/rows.js';
import type { QueueSettings } from './queue-connection.js';
import { RunError } from './run-error.js';
import type { FindingName, RunSettings } from './settings.js';
import { findingNames } from './settings.js';
import { sizeNames, sizes } from './sizes.js';

/** The data sets there are. */
export const dataNames = ['mnist', 'fashion-mnist', 'cifar10'] as const;

export const usage: string = `npm run paper -- <finding> [options]

  <finding>          ${findingNames.join(' | ')},
                     or all of them, one after the other
  --size             ${[...sizeNames, 'paper'].join(' | ')}   (default: tiny)
                     paper: long trainings (${scaleRowNames.filter(isOfTrainings).join(', ')}) that go on where they
                     were stopped, and what looks closer at their paths
                     (${scaleRowNames.filter((name) => !isOfTrainings(name)).join(', ')}); of the options below it takes
                     --data-folder, --out for the folder of checkpoints, and, for the trainings, those of queues
  --data             ${dataNames.join(' | ')}   (default: by size)
  --data-folder      folder with the original files of the data
  --model            ${modelNames.join(' | ')}   (default: simple-cnn)
  --seeds            how many seeds, from 1   (default: by size)
  --random-labels    share of training labels replaced by random ones, 0 to 1   (default: 0)
  --augment          shift and mirror training images at random, in the NSGD runs
  --out              folder of records, pictures and report   (default: out/paper/<finding>-<data>-<model>-<size>);
                     with all: folder of the folders   (default: out/paper)
  --jobs             processes that work at a time, at most   (default: as many as there are cores)
  --queue            NATS server with JetStream, nats://user:password@host:4222: its workers do the work, wherever
                     they are (npm run paper:worker -- --help)
  --group            name that they have agreed on   (default: paper)
  --creds            file of credentials, instead of user and password
`;

/** What a command line asks for: findings of one size, or trainings at the paper's scale. */
export type Command = FindingsCommand | TrainingsCommand;

export interface FindingsCommand {
  /** Findings to run one after the other, with the same data. */
  readonly runs: readonly RunSettings[];
  /** Processes that work at a time, at most. */
  readonly jobs: number;
  /** Where workers do the work; left out: this machine does it. */
  readonly queue?: QueueSettings;
}

export interface TrainingsCommand {
  /** What is to go on, one after the other; with a queue trainings alone. */
  readonly rows: readonly ScaleRowName[];
  /** Folder of the checkpoints. */
  readonly checkpoints: string;
  readonly dataFolder: string | null;
  /** Where workers do them; left out: this machine does. */
  readonly queue?: QueueSettings;
}

/**
 * Reads a command line.
 *
 * @param args what comes after the name of the program
 * @throws RunError for a finding, option or value that is not known
 */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (positionals.length !== 1) throw new RunError(`expected one finding, received ${positionals.length}`);
  const size = oneOf('--size', values.size ?? 'tiny', [...sizeNames, 'paper'] as const);
  if (size === 'paper') return trainingsOf(positionals[0]!, values);
  const asked = oneOf('a finding', positionals[0]!, [...findingNames, 'all'] as const);
  const data = oneOf('--data', values.data ?? sizes[size].data, dataNames);
  const model = oneOf('--model', values.model ?? 'simple-cnn', modelNames);
  const seeds = countOf('--seeds', values.seeds ?? sizes[size].seeds);
  const jobs = countOf('--jobs', values.jobs ?? availableParallelism());
  const randomLabels = Number(values['random-labels'] ?? 0);
  if (!(randomLabels >= 0 && randomLabels <= 1)) {
    throw new RunError(`--random-labels: expected a share from 0 to 1, received ${values['random-labels']}`);
  }
  const augment = values.augment ?? false;
  const noisy = randomLabels > 0 ? `-random-labels-${randomLabels}` : '';
  const augmented = augment ? '-augmented' : '';
  const folderOf = (finding: FindingName): string =>
    `${finding}-${data}-${model}-${size}${noisy}${augmented}`;
  const dataFolder = values['data-folder'] ?? null;
  const shared = { data, dataFolder, model, size, seeds, randomLabels, augment };
  const home = join('out', 'paper');
  const runs =
    asked === 'all'
      ? findingNames.map((finding) => ({
          finding,
          ...shared,
          out: join(values.out ?? home, folderOf(finding)),
        }))
      : [{ finding: asked, ...shared, out: values.out ?? join(home, folderOf(asked)) }];
  if (values.queue != null && values.jobs != null) {
    throw new RunError('--jobs: with --queue each worker has its own');
  }
  return { runs, jobs, ...queueOf(values) };
}

type Values = ReturnType<typeof parse>['values'];

function queueOf({ queue, group, creds }: Values): { queue?: QueueSettings } {
  if (queue != null) return { queue: { queue, group: group ?? 'paper', creds: creds ?? null } };
  const stray = group != null ? 'group' : creds != null ? 'creds' : null;
  if (stray != null) throw new RunError(`--${stray}: there is no --queue`);
  return {};
}

/** The options that trainings at the paper's scale take; all else is laid down for them. */
const trainingOptions: readonly string[] = ['size', 'data-folder', 'out', 'queue', 'group', 'creds'];

function trainingsOf(finding: string, values: Values): TrainingsCommand {
  const stray = Object.keys(values).find((name) => !trainingOptions.includes(name));
  if (stray !== undefined) throw new RunError(`--${stray}: the size paper lays it down`);
  const asked = oneOf('a finding', finding, [...scaleRowNames, 'all'] as const);
  const rows = scaleRowNames
    .filter((name) => asked === 'all' || asked === name)
    .filter((name) => values.queue == null || isOfTrainings(name));
  if (rows.length === 0) throw new RunError(`--queue: ${asked} looks closer at the paths of this machine`);
  return {
    rows,
    checkpoints: values.out ?? join('out', 'paper', 'trainings'),
    dataFolder: values['data-folder'] ?? null,
    ...queueOf(values),
  };
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
        jobs: text,
        queue: text,
        group: text,
        creds: text,
      },
    });
  } catch (error) {
    throw new RunError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws RunError for what is none of them */
export function oneOf<T extends string>(what: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw new RunError(`${what}: expected ${known.join(', ')}, received '${value}'`);
  return found;
}

/** @throws RunError for what is no whole number from 1 */
export function countOf(what: string, value: string | number): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new RunError(`${what}: expected a whole number from 1, received ${value}`);
}
