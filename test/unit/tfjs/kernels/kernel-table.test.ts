import { describe, expect, it } from 'vitest';
import '../../../../src/autodiff/linearize.js';
import { addCompositions, findComposition } from '../../../../src/tfjs/corrections/table.js';
import { KernelTable } from '../../../../src/tfjs/kernels/kernel-table.js';

describe('KernelTable', () => {
  it('finds what was added, and nothing else', () => {
    const table = new KernelTable<{ kernel: string }>('rule').add({ kernel: 'Abs' }, { kernel: 'Relu' });
    expect(table.find('Relu')).toEqual({ kernel: 'Relu' });
    expect(table.find('Elu')).toBeNull();
  });

  it('throws for a second entry of a kernel, whether added at once or later, and keeps the first', () => {
    const table = new KernelTable<{ kernel: string; number?: number }>('rule').add({
      kernel: 'Abs',
      number: 1,
    });
    expect(() => table.add({ kernel: 'Abs', number: 2 })).toThrow('two rules for the kernel Abs');
    expect(() => table.add({ kernel: 'Elu' }, { kernel: 'Elu' })).toThrow('two rules for the kernel Elu');
    expect(table.find('Abs')).toEqual({ kernel: 'Abs', number: 1 });
  });
});

it('a second composition of a kernel throws', () => {
  const present = findComposition('Sum')!;
  const another = { kernel: 'Sum', compute: present.compute };
  expect(() => addCompositions(another)).toThrow('two compositions for the kernel Sum');
  expect(findComposition('Sum')).toBe(present);
});
