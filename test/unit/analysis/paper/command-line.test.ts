import { describe, expect, it } from 'vitest';
import { parseCommandLine, RunError } from '../../../../examples/paper/command-line.js';

describe('parseCommandLine', () => {
  it('fills in the defaults of the size', () => {
    expect(parseCommandLine(['nsgd', '--size', 'small'])).toEqual({
      finding: 'nsgd',
      data: 'fashion-mnist',
      dataFolder: null,
      model: 'simple-cnn',
      size: 'small',
      seeds: 3,
      randomLabels: 0,
      augment: false,
      out: 'out/paper/nsgd-fashion-mnist-simple-cnn-small',
    });
  });

  it('takes every option', () => {
    const args = ['grid', '--data', 'cifar10', '--data-folder', 'f', '--model', 'mlp', '--seeds', '2'];
    expect(parseCommandLine([...args, '--random-labels', '0.5', '--out', 'o'])).toMatchObject({
      data: 'cifar10',
      dataFolder: 'f',
      model: 'mlp',
      seeds: 2,
      randomLabels: 0.5,
      out: 'o',
    });
  });

  it.each([
    [[], /one finding, received 0/],
    [['nsgd', 'grid'], /one finding, received 2/],
    [['sharpest'], /a finding: expected sharpness, .*, received 'sharpest'/],
    [['nsgd', '--size', 'huge'], /--size: expected tiny, small, full, received 'huge'/],
    [['nsgd', '--data', 'svhn'], /--data: .* received 'svhn'/],
    [['nsgd', '--seeds', '0'], /--seeds: expected a whole number from 1, received 0/],
    [['nsgd', '--random-labels', 'all'], /--random-labels: .* received all/],
    [['nsgd', '--colour', 'red'], /colour/],
  ] as const)('refuses %j', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(RunError);
    expect(() => parseCommandLine(args)).toThrow(message);
  });
});
