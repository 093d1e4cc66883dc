// A thread starts from JavaScript: this reads the TypeScript.
import { register } from 'tsx/esm/api';

register();
await import('./shard-script.ts');
