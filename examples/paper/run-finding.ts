import { SingleBar } from 'cli-progress';
import { openBench } from './bench.js';
import type { Finding, UnitResult } from './finding.js';
import { createFinding } from './findings/create-finding.js';
import { writeReport } from './report.js';
import { RunStore } from './run-store.js';
import type { RunSettings } from './settings.js';
import { fingerprintOf } from './settings.js';
import type { SizePlan } from './size-plan.js';

/** Runs what is not yet in the records of a finding, and writes its report. */
export async function runFinding(settings: RunSettings, plan: SizePlan): Promise<void> {
  const store = new RunStore(settings.out, fingerprintOf(settings, plan));
  const bench = await openBench(settings, plan);
  const finding = createFinding(bench);
  const results = await runUnits(finding, store);
  await writeReport(store, settings, finding.report(results));
}

/** Runs the units of a finding one after the other; those that are stored already are taken from there. */
async function runUnits<R>(finding: Finding<R>, store: RunStore): Promise<UnitResult<R>[]> {
  const waiting = finding.units.filter(({ id }) => store.get(id) === undefined);
  const all = waiting.reduce((sum, { weight }) => sum + weight, 0);
  // In thousandths: the bar foresees the end only from whole numbers that grow.
  const partOf = (weight: number): number => Math.round((1000 * weight) / all);
  const total = partOf(all);
  const bar = new SingleBar({
    format: '{bar} {percentage} % | {eta_formatted} left | {unit}',
    barsize: 24,
    etaBuffer: 50,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 15_000,
  });
  bar.start(total, 0, { unit: '' });
  let done = 0;
  try {
    for (const unit of waiting) {
      bar.update(partOf(done), { unit: unit.id });
      const result = await unit.run((progress) =>
        bar.update(partOf(done + (unit.weight * progress.done) / progress.total), { unit: unit.id }),
      );
      store.put(unit.id, result);
      done += unit.weight;
    }
    bar.update(total, { unit: 'done' });
  } finally {
    bar.stop();
  }
  return finding.units.map(({ id, seed }) => ({ id, seed, result: store.get(id) as R }));
}
