import { describe, expect, it } from 'vitest';
import type { FindingsCommand } from '../../../examples/paper/command-line.js';
import { parseCommandLine } from '../../../examples/paper/command-line.js';
import { RunError } from '../../../examples/paper/run-error.js';
import { findingNames } from '../../../examples/paper/settings.js';

function findingsOf(args: readonly string[]): FindingsCommand {
  const command = parseCommandLine(args);
  if ('trainings' in command) throw new Error('expected findings of one size');
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

  it('at the size paper asks for trainings, whose settings are laid down', () => {
    expect(parseCommandLine(['all', '--size', 'paper'])).toEqual({
      trainings: ['nsgd', 'sharpness'],
      checkpoints: 'out/paper/trainings',
      dataFolder: null,
    });
    expect(parseCommandLine(['sharpness', '--size', 'paper', '--out', 'o', '--data-folder', 'f'])).toEqual({
      trainings: ['sharpness'],
      checkpoints: 'o',
      dataFolder: 'f',
    });
  });

  it.each([
    [['nsgd', '--size', 'paper', '--jobs', '2'], /--jobs: the size paper lays it down/],
    [['nsgd', '--size', 'paper', '--augment'], /--augment: the size paper lays it down/],
    [['grid', '--size', 'paper'], /a finding: expected nsgd, sharpness, all, received 'grid'/],
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
