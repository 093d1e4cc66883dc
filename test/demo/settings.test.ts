import { describe, expect, it } from 'vitest';
import { defaultsFor, readSettings, writeSettings } from '../../demo/settings.js';

const read = (query: string): ReturnType<typeof readSettings> => readSettings(new URLSearchParams(query));

describe('settings in an address', () => {
  it('come back as they were written', () => {
    const settings = {
      ...defaultsFor('fashion-mnist', 'cnn'),
      widths: '4-8-16',
      backend: 'webgl',
      optimizer: 'nsgd',
      learningRate: 0.05,
      batchSize: 1000,
      gamma: 0,
      directions: 10,
      momentum: 0.9,
    } as const;
    expect(read(`${writeSettings(settings)}`)).toEqual({ settings, problems: [] });
  });

  it('take the defaults of their data and net where they are missing', () => {
    expect(read('data=mnist&net=cnn')).toEqual({ settings: defaultsFor('mnist', 'cnn'), problems: [] });
    expect(read('')).toEqual({ settings: defaultsFor('moons', 'mlp'), problems: [] });
  });

  it.each([
    ['data=cifar', 'data', 'data: expected moons, circles, spirals, mnist, fashion-mnist.'],
    ['data=toString', 'data', 'data: expected moons, circles, spirals, mnist, fashion-mnist.'],
    ['net=cnn', 'net', 'Net: a small CNN reads images, and two moons are points: take an MLP.'],
    [
      'widths=',
      'widths',
      'Widths: expected 1 to 4 whole numbers from 1 to 4096, joined by hyphens, such as 16-16.',
    ],
    ['widths=8-0', 'widths', 'Widths: expected 1 to 4 whole'],
    ['widths=5000', 'widths', 'Widths: expected 1 to 4 whole'],
    ['widths=8-8-8-8-8', 'widths', 'Widths: expected 1 to 4 whole'],
    ['widths=8.5', 'widths', 'Widths: expected 1 to 4 whole'],
    ['learningRate=0', 'learningRate', 'Learning rate η: expected a number above 0.'],
    ['learningRate=Infinity', 'learningRate', 'Learning rate η: expected a number above 0.'],
    ['batchSize=257', 'batchSize', 'Batch size S: expected a whole number from 1 to 256'],
    ['batchSize=1.5', 'batchSize', 'Batch size S: expected a whole number from 1 to 256'],
    ['gamma=-1', 'gamma', 'Nudge γ: expected a number from 0 to 10.'],
    ['directions=', 'directions', 'Directions K: expected a whole number from 1 to 10.'],
    ['momentum=1', 'momentum', 'Momentum: expected a number from 0, below 1.'],
  ])('that are wrong take the default, and are told: %s', (query, name, message) => {
    const { settings, problems } = read(query);
    expect(problems).toEqual([{ name, message: expect.stringContaining(message) as string }]);
    expect(settings).toEqual(defaultsFor('moons', 'mlp'));
  });
});
