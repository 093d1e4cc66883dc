import { describe, expect, it } from 'vitest';
import { epochRow, heading, introduction, verdict } from '../../../examples/mnist/report.js';
import { StatusLine } from '../../../examples/mnist/status-line.js';

const plan = {
  weights: 123_456,
  images: 10_240,
  sampleImages: 64,
  epochs: 4,
  stepsPerEpoch: 80,
  learningRate: 0.15,
};
const curvature = {
  step: 80,
  epoch: 0,
  time: 1,
  status: 'converged',
  numMatvecs: 20,
  loss: 1,
  eigenvalues: [138.29, 128.71, 121.09, 115.7, 112.82],
  residuals: [0.001, 0.002, 0.5, 0, 0],
  topShare: 0.886,
} as const;
const row = epochRow(3, { loss: 12.1218, acc: 1, val_acc: 0.961 }, curvature);

it('the main job says what it does within 100 columns', () => {
  const lines = [...introduction(plan).split('\n'), heading, row];
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(introduction(plan)).toContain('2/η = 13.3');
});

it('a row stands under its heading and tells the worst residual', () => {
  expect(row).toHaveLength(heading.length);
  expect(row).toMatch(/^ {4}4 {2}12\.1218 .* 138\.3 .* 0\.500 .* 88\.6 %$/);
});

it('the lower loss wins, in either order', () => {
  const nsgd = { name: 'NSGD', loss: 0.12, validation: 0.95, sharpness: 38 };
  const sgd = { name: 'SGD', loss: 0.13, validation: 0.96, sharpness: 20 };
  expect(verdict([nsgd, sgd])).toMatch(/^NSGD has the lower training loss: 0.1200, SGD 0.1300\./);
  expect(verdict([nsgd, sgd])).toMatch(/sharper place: λ₁ = 38.0, SGD 20.0/);
  expect(verdict([sgd, { ...nsgd, loss: 0.2 }])).toMatch(/^SGD .*NSGD 0.2000\.[^]*flatter place/);
});

describe('the status line', () => {
  it('estimates the rest once steps have been timed, and lets lines stand above it', () => {
    let time = 0;
    const written: string[] = [];
    const stream = { isTTY: true, write: (text: string) => written.push(text) };
    const status = new StatusLine(20, stream, () => (time += 500));
    for (let i = 0; i < 9; i++) status.step('SGD');
    expect(written.at(-1)).toBe('\r\u001b[KSGD: step 9 of 20');
    status.step('SGD');
    expect(written.at(-1)).toMatch(/step 10 of 20, \d+ s to go$/);
    status.print('a row');
    expect(written.at(-1)).toContain('\r\u001b[Ka row\nSGD: step 10 of 20');
    for (let i = 10; i < 20; i++) status.step('SGD');
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  it('is not drawn where there is no terminal', () => {
    const written: string[] = [];
    const status = new StatusLine(2, { write: (text: string) => written.push(text) });
    status.step('SGD');
    status.print('a row');
    expect(written).toEqual(['a row\n']);
  });
});
