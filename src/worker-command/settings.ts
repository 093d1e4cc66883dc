import { availableParallelism, hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { CurvatureArgumentError } from '../errors.js';
import { subjectToken } from '../nats/subjects.js';
import { integer, requireIs } from '../options.js';

/** What the command was started with. */
export interface CommandSettings {
  readonly server: string;
  readonly creds: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly ca: string | null;
  readonly group: string;
  readonly name: string;
  readonly backend: string;
  readonly threads: number;
  readonly sessions: number;
  readonly maxMessage: number;
  readonly maxMemory: number;
  readonly maxParameters: number;
  readonly maxShards: number;
  readonly register: readonly string[];
}

const options = {
  server: ['URL', 'nats://127.0.0.1:4222', 'the NATS server; tls://… for TLS, several by commas'],
  creds: ['FILE', '', 'the credentials of this worker, as nsc writes them'],
  user: ['NAME', '', 'instead of credentials'],
  password: ['TEXT', '', 'its password; better by the environment'],
  ca: ['FILE', '', 'the certificate authority to trust, where the system does not know it'],
  group: ['NAME', 'workers', 'the group to join'],
  name: ['NAME', '', 'what this worker is called; by default the name of the machine'],
  backend: ['NAME', 'wasm', 'wasm, cpu, or one that a module of --register brings'],
  threads: ['N', '1', 'workers of this process, each on a thread of its own; auto: one for each core'],
  sessions: ['N', '1', 'hosts that each worker serves at a time'],
  'max-message': ['SIZE', '256MB', 'the largest message taken'],
  'max-memory': ['SIZE', '1GB', 'what a session may bring, and the heap of its thread'],
  'max-parameters': ['N', '67108864', 'the largest model taken'],
  'max-shards': ['N', '1024', 'shards of a session'],
  register: ['FILE', '', 'a module to import first, with layers of your own; may be repeated'],
} as const;

type Name = keyof typeof options;

const where = 'tfjs-curvature-worker';

/** The environment variable of an option. */
function variableOf(name: string): string {
  return `TFJS_CURVATURE_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** What `--help` prints. */
export const usage = [
  'tfjs-curvature-worker: joins a group of workers on a NATS server, and computes for its hosts.',
  '',
  ...Object.entries(options).map(([name, [value, fallback, meaning]]) => {
    const standard = fallback === '' ? '' : ` (${fallback})`;
    return `  ${`--${name} ${value}`.padEnd(24)}${meaning}${standard}`;
  }),
  `  ${'--help'.padEnd(24)}this`,
  '',
  `Each can be given by the environment instead: ${variableOf('max-message')}=256MB.`,
  'SIGTERM lets the calls under way finish. Exit status: 0 after SIGTERM, 1 where the worker may not enter, 2 for wrong options.',
].join('\n');

/**
 * The settings of some arguments and an environment; null where the usage is asked for.
 *
 * @throws CurvatureArgumentError that names the option
 */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandSettings | null {
  const given = parse(args);
  if (given.help === true) return null;
  const text = (name: Name): string => {
    const value = given[name] ?? environment[variableOf(name)] ?? options[name][1];
    return String(value);
  };
  const orNull = (name: Name): string | null => text(name) || null;
  const count = (name: Name): number => {
    const value = Number(text(name));
    if (!Number.isSafeInteger(value) || value < 1) throw wrong(name, 'a whole number >= 1', text(name));
    return value;
  };
  const size = (name: Name): number => {
    const [, digits, unit] = /^(\d+(?:\.\d+)?)(KB|MB|GB|)$/i.exec(text(name)) ?? [];
    if (digits == null) throw wrong(name, 'a size such as 256MB', text(name));
    const bytes = Math.floor(Number(digits) * 1024 ** ['', 'KB', 'MB', 'GB'].indexOf(unit!.toUpperCase()));
    requireIs(bytes, integer(1024), `--${name}`, where);
    return bytes;
  };
  const threads = text('threads') === 'auto' ? availableParallelism() : count('threads');
  const group = text('group');
  const name =
    orNull('name') ??
    hostname()
      .replaceAll(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 60);
  requireIs(group, subjectToken, '--group', where);
  requireIs(nameOfThread(name, threads, threads), subjectToken, '--name', where);
  const register = given.register ?? environment[variableOf('register')]?.split(',') ?? [];
  return {
    server: text('server'),
    creds: orNull('creds'),
    user: orNull('user'),
    password: orNull('password'),
    ca: orNull('ca'),
    group,
    name,
    backend: text('backend'),
    threads,
    sessions: count('sessions'),
    maxMessage: size('max-message'),
    maxMemory: size('max-memory'),
    maxParameters: count('max-parameters'),
    maxShards: count('max-shards'),
    register: (register as string[]).filter((path) => path !== ''),
  };
}

/** What the worker on one of so many threads is called. */
export function nameOfThread(name: string, thread: number, threads: number): string {
  return threads === 1 ? name : `${name}-${thread}`;
}

function parse(args: readonly string[]): Record<string, string | boolean | string[] | undefined> {
  const known = Object.fromEntries(
    Object.keys(options).map((name) => [name, { type: 'string' as const, multiple: name === 'register' }]),
  );
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...known, help: { type: 'boolean' as const } },
    });
    return values as Record<string, string | boolean | string[] | undefined>;
  } catch (error) {
    throw new CurvatureArgumentError(where, 'known options', (error as Error).message);
  }
}

function wrong(name: Name, expected: string, received: string): CurvatureArgumentError {
  return new CurvatureArgumentError(where, `--${name} to be ${expected}`, received);
}
