import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCommandLine } from '../../examples/paper/command-line.js';
import { parseWorkerCommandLine } from '../../examples/paper/worker-command-line.js';
import { readSettings } from '../../src/worker-command/settings.js';

// What cannot be run here, a container and a cluster, is held to what the worker itself knows.

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/many-machines.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
  peerDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!);

const [compose, deployment] = blocks('yaml').map((text) => parse(text) as unknown) as [
  {
    services: Record<
      'nats' | 'worker',
      {
        image?: string;
        build?: string;
        command?: string[];
        volumes?: string[];
        environment?: Record<string, string>;
      }
    >;
  },
  {
    apiVersion: string;
    kind: string;
    spec: {
      selector: { matchLabels: object };
      template: {
        metadata: { labels: object };
        spec: {
          containers: {
            image: string;
            env: { name: string; value: string }[];
            volumeMounts: { name: string; mountPath: string }[];
          }[];
          volumes: { name: string }[];
        };
      };
    };
  },
];

/** That each variable is one of the worker's, and reaches its settings as it is. */
function expectVariables(environment: Readonly<Record<string, string>>): void {
  expect(Object.keys(environment).length).toBeGreaterThan(0);
  const before = readSettings([], {});
  for (const [name, value] of Object.entries(environment)) {
    const settings = readSettings([], { [name]: value })!;
    const changed = Object.entries(settings).filter(
      ([key, now]) => JSON.stringify(now) !== JSON.stringify(before![key as keyof typeof before]),
    );
    expect([name, changed.map(([, now]) => now as string)]).toEqual([name, [value]]);
  }
}

it('the image installs what the worker needs, in its versions, and starts the command that there is', () => {
  const [dockerfile] = blocks('dockerfile');
  const [, packages] = /^RUN npm install (.*?[^\\])\n/ms.exec(dockerfile!)!;
  for (const name of packages!.split(/[\s\\]+/).filter((text) => text !== '')) {
    const [, bare, version] = /^(@?[^@]+)(?:@(.+))?$/.exec(name)!;
    if (bare === 'tfjs-curvature') continue;
    const known = manifest.peerDependencies[bare!] ?? manifest.devDependencies[bare!];
    expect([bare, known]).toEqual([bare, expect.any(String)]);
    if (version != null) expect(known).toBe(version);
  }
  const [, entry] = /^ENTRYPOINT (.*)$/m.exec(dockerfile!)!;
  const [command, ...args] = JSON.parse(entry!) as string[];
  expect(Object.keys(manifest.bin)).toContain(basename(command!));
  expect(readSettings(args, {})).not.toBeNull();
  const major = Number(/^FROM node:(\d+)/.exec(dockerfile!)![1]);
  expect(major).toBeGreaterThanOrEqual(20);
});

it('the compose file gives the worker variables that it knows, and the server a file that is mounted', () => {
  const { nats, worker } = compose.services;
  expectVariables(worker.environment!);
  const mounted = nats.volumes!.map((volume) => volume.split(':')[1]);
  expect(mounted).toContain(nats.command!.at(-1));
  expect(worker.environment!.TFJS_CURVATURE_SERVER).toBe('nats://nats:4222');
  expect(worker.build).toBe('.');
  // The worker comes without certificate and user, so the server must not ask for them.
  const { TFJS_CURVATURE_USER: user, TFJS_CURVATURE_CREDS: creds } = worker.environment!;
  expect([user, creds]).toEqual([undefined, undefined]);
  const file = basename(nats.volumes![0]!.split(':')[0]!);
  const configuration = blocks('conf').find((text) => text.startsWith(`# ${file}:`));
  expect(configuration).toContain('listen:');
  expect(configuration).not.toMatch(/^(tls|authorization)\b/m);
});

it('the Deployment gives the worker variables that it knows, and files that are mounted', () => {
  const { apiVersion, kind, spec } = deployment;
  expect([apiVersion, kind]).toEqual(['apps/v1', 'Deployment']);
  const { metadata, spec: pod } = spec.template;
  expect(metadata.labels).toEqual(spec.selector.matchLabels);
  const [container] = pod.containers;
  const variables = Object.fromEntries(container!.env.map(({ name, value }) => [name, value]));
  expectVariables(variables);
  const { name, mountPath } = container!.volumeMounts[0]!;
  expect(pod.volumes.map((volume) => volume.name)).toContain(name);
  expect(variables.TFJS_CURVATURE_CREDS!.startsWith(`${mountPath}/`)).toBe(true);
});

it('the commands on the page have options that there are', () => {
  const lines = blocks('sh')
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/&?\s*(#.*)?$/, '').trim());
  const argsAfter = (start: string): string[][] =>
    lines.filter((line) => line.includes(start)).map((line) => line.split(start)[1]!.trim().split(/\s+/));
  const worker = argsAfter('npx tfjs-curvature-worker ');
  expect(worker).toHaveLength(3);
  for (const args of worker) expect(readSettings(args, {})).not.toBeNull();
  for (const args of argsAfter('npm run paper:worker -- ')) parseWorkerCommandLine(args);
  for (const args of argsAfter('npm run paper -- ')) expect(parseCommandLine(args)).toHaveProperty('queue');
  expect([argsAfter('npm run paper:worker -- ').length, argsAfter('npm run paper -- ').length]).toEqual([
    1, 1,
  ]);
});
