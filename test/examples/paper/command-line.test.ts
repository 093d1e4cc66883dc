import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../examples/paper/command-line.js';
import { RunError } from '../../../examples/paper/run-error.js';
import { findingNames } from '../../../examples/paper/settings.js';

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
    expect(parseCommandLine(['nsgd']).jobs).toBeGreaterThanOrEqual(1);
  });

  it('takes every option', () => {
    const args = ['grid', '--data', 'cifar10', '--data-folder', 'f', '--model', 'mlp', '--seeds', '2'];
    expect(parseCommandLine([...args, '--random-labels', '0.5', '--out', 'o']).runs[0]).toMatchObject({
      data: 'cifar10',
      dataFolder: 'f',
      model: 'mlp',
      seeds: 2,
      randomLabels: 0.5,
      out: 'o',
    });
  });

  it('runs all findings in folders of their own', () => {
    const { runs } = parseCommandLine(['all', '--data', 'cifar10', '--out', 'o']);
    expect(runs.map(({ finding }) => finding)).toEqual(findingNames);
    expect(runs[0]!.out).toBe('o/sharpness-cifar10-simple-cnn-tiny');
    expect(new Set(runs.map(({ out }) => out)).size).toBe(findingNames.length);
  });

  it.each([
    [[], /one finding, received 0/],
    [['nsgd', 'grid'], /one finding, received 2/],
    [['sharpest'], /a finding: expected sharpness, .*, received 'sharpest'/],
    [['nsgd', '--size', 'huge'], /--size: expected tiny, small, full, received 'huge'/],
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
