import type { ShardService, ShardWorker } from '../../src/workers/index.js';
import { createShardService } from '../../src/workers/index.js';
import { serviceNames } from '../../src/workers/protocol.js';

type Name = keyof ShardService;
type Call = (...args: unknown[]) => Promise<unknown>;

/** A worker that computes here. */
export interface LocalWorker extends ShardWorker {
  /** The messages it has been sent. */
  readonly log: { readonly name: Name; readonly args: readonly unknown[] }[];
  /** No message is answered any more, as that of a thread that was ended. */
  die(): void;
}

/**
 * @param intercept is asked before each message; what it returns, unless undefined, is the answer
 */
export function localWorker(
  intercept: (name: Name, worker: LocalWorker) => unknown = () => undefined,
): LocalWorker {
  const service = createShardService() as unknown as Record<Name, Call>;
  let isDead = false;
  const calls = serviceNames.map((name): [Name, Call] => [
    name,
    async (...args) => {
      worker.log.push({ name, args });
      const answer = intercept(name, worker);
      if (isDead) throw new Error('gone');
      return answer === undefined ? service[name](...args) : answer;
    },
  ]);
  const worker: LocalWorker = {
    service: Object.fromEntries(calls) as unknown as ShardService,
    log: [],
    die: () => {
      isDead = true;
    },
    terminate: async () => {
      isDead = true;
      await service.dispose();
    },
  };
  return worker;
}
