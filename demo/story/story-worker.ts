import type { Remote } from 'comlink';
import { wrap } from 'comlink';
import type { StoryService } from './story-trainer.js';

let service: Remote<StoryService> | null = null;

/** The worker that trains for the story. It starts when a scene first needs it. */
export function storyService(): Remote<StoryService> {
  service ??= wrap<StoryService>(
    new Worker(new URL('./story-trainer.ts', import.meta.url), { type: 'module' }),
  );
  return service;
}
