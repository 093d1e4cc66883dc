import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/worker-command/settings.js';

describe('the settings of the command', () => {
  it('come from arguments before the environment, and that before the defaults', () => {
    const environment = {
      TFJS_CURVATURE_GROUP: 'lab',
      TFJS_CURVATURE_NAME: 'gpu3',
      TFJS_CURVATURE_REGISTER: 'a.mjs,b.mjs',
      TFJS_CURVATURE_MAX_MEMORY: '1.5GB',
    };
    const settings = readSettings(
      ['--name', 'gpu4', '--max-message', '64kb', '--sessions', '2'],
      environment,
    );
    expect(settings).toMatchObject({
      server: 'nats://127.0.0.1:4222',
      group: 'lab',
      name: 'gpu4',
      backend: 'wasm',
      threads: 1,
      sessions: 2,
      maxMessage: 65_536,
      maxMemory: 1.5 * 2 ** 30,
      register: ['a.mjs', 'b.mjs'],
      creds: null,
    });
    expect(readSettings(['--register', 'c.mjs', '--register', 'd.mjs'], environment)!.register).toEqual([
      'c.mjs',
      'd.mjs',
    ]);
    expect(readSettings(['--threads', 'auto'], {})!.threads).toBeGreaterThan(0);
    expect(readSettings([], {})!.name).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(readSettings(['--help'], {})).toBeNull();
  });

  it.each([
    [['--grup', 'x'], /known options, received .*--grup/],
    [['positional'], /known options, received .*positional/],
    [['--max-message', '12 apples'], /--max-message to be a size such as 256MB, received 12 apples/],
    [['--sessions', '0'], /--sessions to be a whole number >= 1, received 0/],
    [['--group', 'my.lab'], /--group of letters, digits, - and _, at most 64, received "my.lab"/],
    [['--name', 'the first'], /--name of letters, digits, - and _, at most 64, received "the first"/],
    [['--name', 'n'.repeat(64), '--threads', '2'], /--name of letters, digits, - and _, at most 64/],
    [['--max-memory', '1'], /--max-memory >= 1024, received 1/],
  ])('refuse %j', (args, message) => {
    expect(() => readSettings(args, {})).toThrow(message);
  });
});
