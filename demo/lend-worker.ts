import { expose } from 'comlink';
import { createShardService } from '../src/workers/index.js';
import { startBackend } from './backend.js';
import type { BackendName } from './choices.js';

/** The backend is in the name of the thread. */
const backend = self.name as BackendName;

expose(createShardService(async () => void (await startBackend(backend))));
