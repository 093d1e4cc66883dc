import { curvingScene } from './curving.js';
import { opinionScene } from './opinion-scene.js';
import { overshootingScene } from './overshooting.js';
import { edgeScene, nudgeScene } from './trained-scenes.js';

/** The five scenes above the playground. Each runs when it comes into view. */
export function tellStory(): void {
  for (const scene of [curvingScene, overshootingScene, edgeScene, nudgeScene, opinionScene]) scene();
}
