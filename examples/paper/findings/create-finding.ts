import type { Finding } from '../finding.js';
import type { PlannedRun } from '../planned-run.js';
import { alignment } from './alignment.js';
import { decompose } from './decompose.js';
import { escape } from './escape.js';
import { grid } from './grid.js';
import { nsgd } from './nsgd.js';
import { sections } from './sections.js';
import { sharpness } from './sharpness.js';

const findings = { sharpness, decompose, alignment, sections, escape, nsgd, grid };

/** The finding that the settings name. Its results have different forms, known to it alone. */
export function createFinding(planned: PlannedRun): Finding<unknown> {
  return findings[planned.settings.finding](planned) as Finding<unknown>;
}
