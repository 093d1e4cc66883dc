import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findWorkers } from '../../src/nats/index.js';
import type { TestServer } from './nats-server.js';
import { isLeftOut, startServer } from './nats-server.js';
import type { WorkerCommand } from './worker-processes.js';
import { compileCommand } from './worker-processes.js';

let folder: string;
let certificate: string;
let server: TestServer;
let command: WorkerCommand;

beforeAll(async () => {
  if (isLeftOut) return;
  folder = mkdtempSync(join(tmpdir(), 'nats-tls-'));
  certificate = join(folder, 'server.pem');
  const key = join(folder, 'server-key.pem');
  // Signed by itself: its own authority, which nobody knows.
  const { cert, private: privateKey } = await generate([{ name: 'commonName', value: 'test' }], {
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  });
  writeFileSync(certificate, cert);
  writeFileSync(key, privateKey);
  server = await startServer(`tls { cert_file: "${certificate}", key_file: "${key}" }`);
  command = await compileCommand();
});
afterAll(async () => {
  await command?.dispose();
  await server?.dispose();
  if (folder != null) rmSync(folder, { recursive: true });
});

describe.skipIf(isLeftOut)('TLS', { timeout: 60_000 }, () => {
  it('a worker that knows the authority enters, and is found', async () => {
    const url = `tls://127.0.0.1:${server.port}`;
    const worker = command.start(['--server', url, '--ca', certificate, '--name', 'w1', '--backend', 'cpu']);
    await worker.said('serves the group');
    const host = await server.connect({ tls: { caFile: certificate } });
    expect((await findWorkers(host)).map(({ name }) => name)).toEqual(['w1']);
    worker.process.kill('SIGTERM');
    expect(await worker.exit).toBe(0);
  });

  it('one that does not know it does not trust the server: exit status 1', async () => {
    const worker = command.start(['--server', `tls://127.0.0.1:${server.port}`]);
    expect(await worker.exit).toBe(1);
    expect(worker.log()).toMatch(/cannot serve: .*self-signed certificate/);
    await expect(server.connect({ tls: {} })).rejects.toThrow('self-signed certificate');
  });
});
