import { describe, expect, it } from 'vitest';
import { KernelTable } from '../../../../src/tfjs/kernels/kernel-table.js';

describe('KernelTable', () => {
  it('finds its entries, and nothing else', () => {
    const table = new KernelTable<{ kernel: string }>('rule', { kernel: 'Abs' }, { kernel: 'Relu' });
    expect(table.find('Relu')).toEqual({ kernel: 'Relu' });
    expect(table.find('Elu')).toBeNull();
  });

  it('throws for a second entry of a kernel', () => {
    const entries = [
      { kernel: 'Abs', number: 1 },
      { kernel: 'Abs', number: 2 },
    ];
    expect(() => new KernelTable('rule', ...entries)).toThrow('two rules for the kernel Abs');
  });
});
