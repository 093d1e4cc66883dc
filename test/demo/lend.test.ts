import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { openBrowser, openPage } from '../../scripts/open-page.mjs';
import { lanczos } from '../../src/index.js';
import { findWorkers, natsWorkers, serveShards } from '../../src/nats/index.js';
import { ShardedHessian } from '../../src/workers/index.js';
import type { TestServer } from '../nats/nats-server.js';
import { freePort, isLeftOut as hasNoServer, startServer } from '../nats/nats-server.js';
import type { Problem } from '../nats/sharded-problem.js';
import { smallProblem } from '../nats/sharded-problem.js';
import { localWorker } from '../workers/local-worker.js';
import type { Site } from './site.js';
import { serveDemo } from './site.js';

const executablePath = findChromium();
const isLeftOut = hasNoServer || (executablePath == null && process.env.CI == null);

let site: Site;
let server: TestServer;
let browser: Browser;
let problem: Problem;
let webPort: number;

beforeAll(async () => {
  if (isLeftOut) return;
  webPort = await freePort();
  server = await startServer(`websocket { listen: "127.0.0.1:${webPort}", no_tls: true }`);
  site = await serveDemo();
  browser = await openBrowser();
  problem = await smallProblem();
});
afterAll(async () => {
  problem?.dispose();
  await browser?.close();
  await site?.close();
  await server?.dispose();
});

describe.skipIf(isLeftOut)('the page that lends its machine', () => {
  it('computes beside a worker in Node, says for whom, and stops by a button', async () => {
    const page = await openPage(browser);
    await page.goto(`${site.url}lend.html`);
    await page.getByLabel('NATS server').fill(`ws://127.0.0.1:${webPort}`);
    await page.getByLabel('Name of this worker').fill('page');
    await page.getByLabel('Backend').selectOption('webgl');
    await page.getByRole('button', { name: 'Lend' }).click();
    await page.getByText('Lent: waits for a host.').waitFor();

    const node = await serveShards(await server.connect(), localWorker, { name: 'node' });
    const host = await server.connect();
    expect((await findWorkers(host)).map(({ name, backend }) => [name, backend])).toEqual([
      ['node', 'unknown'],
      ['page', 'webgl'],
    ]);
    const { model, data, loss, local } = problem;
    const workers = await natsWorkers(host, { min: 2, name: 'notebook', waitMs: 20_000, silenceMs: 20_000 });
    await page.getByText('Lent: computes for notebook.').waitFor();
    const hessian = await ShardedHessian.load(workers, model, data, { loss, numShards: 4 });
    const result = await lanczos(hessian, { k: 2 });
    const expected = await lanczos(local, { k: 2 });
    result.eigenvalues.forEach((value, i) =>
      expect(Math.abs(value / expected.eigenvalues[i]! - 1)).toBeLessThan(1e-6),
    );
    result.dispose();
    expected.dispose();
    expect(hessian.numWorkers).toBe(2);

    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Not lent.').waitFor();
    await page.getByText('notebook: closed, the worker is closing').waitFor();
    expect(await hessian.multiply(problem.v)).toHaveLength(problem.v.length);
    expect(hessian.numWorkers).toBe(1);
    await hessian.dispose();
    await node.close();
    await page.close();
  });

  it('says why it does not enter', async () => {
    const page = await openPage(browser);
    await page.goto(`${site.url}lend.html`);
    await page.getByLabel('NATS server').fill('ws://127.0.0.1:1');
    await page.getByRole('button', { name: 'Lend' }).click();
    await page.getByText(/^Not lent: /).waitFor();
    await page.close();
  });
});
