import type { Remote } from 'comlink';
import { wrap } from 'comlink';
import { startWorker } from '../start-worker.js';
import type { WorkerService } from '../worker.js';

let service: Remote<WorkerService> | null = null;

/** The worker that trains for the story. It starts when a scene first needs it. */
export function storyTrainer(): Remote<WorkerService>['story'] {
  service ??= wrap<WorkerService>(startWorker());
  return service.story;
}
