import { DataFileError } from '../data/data-file-error.js';
import { parseCommandLine, RunError, usage } from './command-line.js';
import { runFinding } from './run-finding.js';
import { sizes } from './sizes.js';

const args = process.argv.slice(2);
if (args.length === 0 || args.includes('--help')) {
  console.log(usage);
} else {
  try {
    const settings = parseCommandLine(args);
    await runFinding(settings, sizes[settings.size]);
    console.log(`\n${settings.out}/report.md`);
  } catch (error) {
    if (!(error instanceof RunError || error instanceof DataFileError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
