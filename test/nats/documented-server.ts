import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The configuration of a server in docs/many-machines.md, but for where it listens, its certificates and its streams. */
export function serverConfiguration(): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/many-machines.md'), 'utf8');
  const [, configuration] = /^```conf\n(.*?)^```/ms.exec(page)!;
  return configuration!
    .replace(/^listen.*$/m, '')
    .replace(/^tls \{.*?^\}/ms, '')
    .replace(/^jetstream .*$/m, '');
}
