import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { countOf, dataNames, oneOf } from './command-line.js';
import type { TextName } from './prepared-text.js';
import { textNames } from './prepared-text.js';
import type { QueueSettings } from './queue-connection.js';
import { RunError } from './run-error.js';
import type { DataName } from './settings.js';

/** The data sets whose folders a worker can be told. */
const folderNames = [...dataNames, ...textNames] as const;

export const workerUsage: string = `npm run paper:worker -- --queue nats://user:password@host:4222 [options]

Takes units that npm run paper -- … --queue has put into a queue, the longest first, and runs them.

  --queue            NATS server with JetStream
  --group            name that hosts and workers have agreed on   (default: paper)
  --creds            file of credentials, instead of user and password
  --name             what this worker is called   (default: the name of the machine, and the number of the process)
  --jobs             processes that work at a time, at most   (default: as many as there are cores)
  --data-folder      NAME=FOLDER with the original files of a data set, ${folderNames.join(', ')}; may be repeated
                     (default: the npm packages of the data)
  --out              folder of what is worth keeping from one unit to the next   (default: out/paper)
  --idle             seconds without a unit after which it ends   (default: never)

Ctrl-C gives the units back that it is at. Exit status: 0 after that or when idle, 1 where it cannot go on.
`;

/** What a worker is told on its command line. */
export interface WorkerSettings {
  readonly queue: QueueSettings;
  readonly name: string;
  readonly jobs: number;
  readonly dataFolders: Readonly<Partial<Record<DataName | TextName, string>>>;
  readonly out: string;
  /** Milliseconds; null: it waits as long as it takes. */
  readonly idleMs: number | null;
}

/**
 * Reads the command line of a worker.
 *
 * @throws RunError for an option or value that is not known
 */
export function parseWorkerCommandLine(args: readonly string[]): WorkerSettings {
  const { values } = parse(args);
  if (values.queue == null) throw new RunError('--queue: expected a NATS server, received none');
  const idle = values.idle == null ? null : Number(values.idle);
  if (idle != null && !(idle >= 0)) throw new RunError(`--idle: expected seconds, received ${values.idle}`);
  const folders = (values['data-folder'] ?? []).map((text): [DataName | TextName, string] => {
    const [name, ...folder] = text.split('=');
    const known = oneOf('--data-folder', name!, folderNames);
    if (folder.length === 0)
      throw new RunError(`--data-folder: expected ${known}=FOLDER, received '${text}'`);
    return [known, folder.join('=')];
  });
  const name = values.name ?? `${hostname()}-${process.pid}`.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(-64);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw new RunError(`--name: expected letters, digits, - and _, at most 64, received '${name}'`);
  }
  return {
    queue: { queue: values.queue, group: values.group ?? 'paper', creds: values.creds ?? null },
    name,
    jobs: countOf('--jobs', values.jobs ?? availableParallelism()),
    dataFolders: Object.fromEntries(folders),
    out: values.out ?? join('out', 'paper'),
    idleMs: idle == null ? null : 1000 * idle,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        queue: text,
        group: text,
        creds: text,
        name: text,
        jobs: text,
        'data-folder': { type: 'string', multiple: true },
        out: text,
        idle: text,
      },
    });
  } catch (error) {
    throw new RunError(error instanceof Error ? error.message : String(error));
  }
}
