import { describe, expect, it } from 'vitest';
import type { FindingsCommand } from '../../../examples/paper/command-line.js';
import { parseCommandLine } from '../../../examples/paper/command-line.js';
import { RunError } from '../../../examples/paper/run-error.js';
import { parseWorkerCommandLine } from '../../../examples/paper/worker-command-line.js';
import { findingNames } from '../../../examples/paper/settings.js';

function findingsOf(args: readonly string[]): FindingsCommand {
  const command = parseCommandLine(args);
  if ('rows' in command) throw new Error('expected findings of one size');
  return command;
}

describe('parseCommandLine', () => {
  it('fills in the defaults of the size', () => {
    expect(parseCommandLine(['nsgd', '--size', 'small', '--jobs', '3'])).toEqual({
      runs: [
        {
          finding: 'nsgd',
          data: 'fashion-mnist',
          dataFolder: null,
          model: 'simple-cnn',
          size: 'small',
          seeds: 3,
          randomLabels: 0,
          augment: false,
          out: 'out/paper/nsgd-fashion-mnist-simple-cnn-small',
        },
      ],
      jobs: 3,
    });
    expect(findingsOf(['nsgd']).jobs).toBeGreaterThanOrEqual(1);
  });

  it('takes every option', () => {
    const args = ['grid', '--data', 'cifar10', '--data-folder', 'f', '--model', 'mlp', '--seeds', '2'];
    expect(findingsOf([...args, '--random-labels', '0.5', '--out', 'o']).runs[0]).toMatchObject({
      data: 'cifar10',
      dataFolder: 'f',
      model: 'mlp',
      seeds: 2,
      randomLabels: 0.5,
      out: 'o',
    });
  });

  it('runs all findings in folders of their own', () => {
    const { runs } = findingsOf(['all', '--data', 'cifar10', '--out', 'o']);
    expect(runs.map(({ finding }) => finding)).toEqual(findingNames);
    expect(runs[0]!.out).toBe('o/sharpness-cifar10-simple-cnn-tiny');
    expect(new Set(runs.map(({ out }) => out)).size).toBe(findingNames.length);
  });

  it('has the work done by the workers of a queue', () => {
    const args = ['--queue', 'nats://h:4222', '--creds', 'c'];
    const queue = { queue: 'nats://h:4222', group: 'paper', creds: 'c' };
    expect(findingsOf(['nsgd', ...args]).queue).toEqual(queue);
    expect(parseCommandLine(['nsgd', '--size', 'paper', ...args])).toMatchObject({
      rows: ['nsgd'],
      queue,
    });
    expect(findingsOf(['nsgd'])).not.toHaveProperty('queue');
    expect(() => parseCommandLine(['nsgd', ...args, '--jobs', '2'])).toThrow(/--jobs: with --queue/);
    expect(() => parseCommandLine(['nsgd', '--group', 'g'])).toThrow('--group: there is no --queue');
  });

  it('at the size paper asks for trainings, whose settings are laid down', () => {
    expect(parseCommandLine(['all', '--size', 'paper'])).toEqual({
      rows: ['nsgd', 'sharpness', 'decompose', 'edge', 'escape', 'text', 'fashion-mnist', 'resnet-32'],
      checkpoints: 'out/paper/trainings',
      dataFolder: null,
    });
    expect(parseCommandLine(['sharpness', '--size', 'paper', '--out', 'o', '--data-folder', 'f'])).toEqual({
      rows: ['sharpness'],
      checkpoints: 'o',
      dataFolder: 'f',
    });
    expect(parseCommandLine(['decompose', '--size', 'paper'])).toMatchObject({ rows: ['decompose'] });
    // Weights do not travel.
    expect(parseCommandLine(['all', '--size', 'paper', '--queue', 'nats://h:4222'])).toMatchObject({
      rows: ['nsgd', 'sharpness', 'edge', 'text', 'fashion-mnist', 'resnet-32'],
    });
  });

  it.each([
    [['nsgd', '--size', 'paper', '--jobs', '2'], /--jobs: the size paper lays it down/],
    [['nsgd', '--size', 'paper', '--augment'], /--augment: the size paper lays it down/],
    [['grid', '--size', 'paper'], /a finding: expected nsgd, sharpness, .*, all, received 'grid'/],
    [
      ['decompose', '--size', 'paper', '--queue', 'nats://h:4222'],
      /--queue: decompose looks closer at the paths/,
    ],
    [[], /one finding, received 0/],
    [['nsgd', 'grid'], /one finding, received 2/],
    [['sharpest'], /a finding: expected sharpness, .*, received 'sharpest'/],
    [['nsgd', '--size', 'huge'], /--size: expected tiny, small, full, paper, received 'huge'/],
    [['nsgd', '--data', 'svhn'], /--data: .* received 'svhn'/],
    [['nsgd', '--seeds', '0'], /--seeds: expected a whole number from 1, received 0/],
    [['nsgd', '--jobs', '1.5'], /--jobs: expected a whole number from 1, received 1.5/],
    [['nsgd', '--random-labels', 'all'], /--random-labels: .* received all/],
    [['nsgd', '--colour', 'red'], /colour/],
  ] as const)('refuses %j', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(RunError);
    expect(() => parseCommandLine(args)).toThrow(message);
  });
});

describe('parseWorkerCommandLine', () => {
  const queue = ['--queue', 'nats://u:p@h:4222'];

  it('fills in defaults, and takes every option', () => {
    expect(parseWorkerCommandLine(queue)).toMatchObject({
      queue: { queue: 'nats://u:p@h:4222', group: 'paper', creds: null },
      name: expect.stringMatching(/^[A-Za-z0-9_-]{1,64}$/) as unknown,
      dataFolders: {},
      out: 'out/paper',
      idleMs: null,
    });
    const more = [
      '--group',
      'g',
      '--creds',
      'c',
      '--name',
      'w1',
      '--jobs',
      '3',
      '--out',
      'o',
      '--idle',
      '0.5',
    ];
    const folders = ['--data-folder', 'mnist=/a=b', '--data-folder', 'cifar10=c'];
    expect(parseWorkerCommandLine([...queue, ...more, ...folders])).toEqual({
      queue: { queue: 'nats://u:p@h:4222', group: 'g', creds: 'c' },
      name: 'w1',
      jobs: 3,
      dataFolders: { mnist: '/a=b', cifar10: 'c' },
      out: 'o',
      idleMs: 500,
    });
  });

  it.each([
    [[], '--queue: expected a NATS server, received none'],
    [[...queue, '--idle', 'x'], '--idle: expected seconds, received x'],
    [[...queue, '--name', 'a b'], "--name: expected letters, digits, - and _, at most 64, received 'a b'"],
    [[...queue, '--jobs', '0'], '--jobs: expected a whole number from 1, received 0'],
    [[...queue, '--data-folder', 'mnist'], "--data-folder: expected mnist=FOLDER, received 'mnist'"],
    [
      [...queue, '--data-folder', 'x=y'],
      "--data-folder: expected mnist, fashion-mnist, cifar10, spam-assassin, moby-dick, received 'x'",
    ],
    [[...queue, '--wrong'], /--wrong/],
  ])('refuses %j', (args, message) => {
    expect(() => parseWorkerCommandLine(args)).toThrow(RunError);
    expect(() => parseWorkerCommandLine(args)).toThrow(message);
  });
});
