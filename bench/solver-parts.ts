import { Session } from 'node:inspector/promises';
import type { LinearOperator } from '../src/operators/linear-operator.js';
import { lanczos } from '../src/solvers/lanczos.js';
import { printTable } from './tables.js';

/** Runs before the profile begins, and in it. */
const WARM = 15;
const COUNTED = 20;

/** Parts of a run by a function that is under way; what is under none of them is code of the solver and TensorFlow.js. */
const parts: readonly { readonly name: string; readonly under: string }[] = [
  { name: 'products', under: 'profiledProduct' },
  { name: 'row kernels', under: 'timedRowKernel' },
  { name: 'random start vectors', under: 'includeRandom' },
  { name: 'small eigenproblems', under: 'solveProjected' },
];
/** A step of the solver is under way; what is not is done between steps. */
const step = 'turn';
const between = 'reading numbers, other tasks, garbage';
const rest = 'code of the solver and of TensorFlow.js around the kernels';

/** Where the time of a run of `k` pairs goes, from samples of the stack ten times a millisecond. */
export async function partsTable(operator: LinearOperator, k: number): Promise<void> {
  const profiled: LinearOperator = {
    size: operator.size,
    matvec: function profiledProduct(v) {
      return operator.matvec(v);
    },
    dispose: () => {},
  };
  let products = 0;
  const runs = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const result = await lanczos(profiled, { k });
      products = result.numMatvecs;
      result.dispose();
    }
  };
  await runs(WARM);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 100 });
  await session.post('Profiler.start');
  await runs(COUNTED);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const microseconds = new Map<string, number>();
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const partOf = partsOfNodes(nodes);
  samples.forEach((id, i) => {
    const part = partOf(id);
    microseconds.set(part, (microseconds.get(part) ?? 0) + (timeDeltas[i + 1] ?? 0));
  });
  const all = [...microseconds.values()].reduce((sum, time) => sum + time, 0);
  const lines = ['| part | ms a product | of the time |', '|---|---|---|'];
  for (const part of [...parts.map(({ name }) => name), between, rest]) {
    const time = microseconds.get(part) ?? 0;
    const each = (time / 1e3 / COUNTED / products).toFixed(2);
    lines.push(`| ${part} | ${each} | ${((100 * time) / all).toFixed(1)} % |`);
  }
  printTable('solver-parts', lines);
}

interface CallNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string };
  readonly children?: number[];
}

/** The part that a sample belongs to: that of the first function of {@link parts} which called what it was taken in. */
function partsOfNodes(nodes: readonly CallNode[]): (id: number) => string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id])));
  return (id) => {
    const names = new Set<string>();
    for (let at: number | undefined = id; at != null; at = parents.get(at)) {
      names.add(byId.get(at)!.callFrame.functionName);
    }
    const found = parts.find(({ under }) => names.has(under));
    return found?.name ?? (names.has(step) ? rest : between);
  };
}
