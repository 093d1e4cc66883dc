import { expose, proxy } from 'comlink';
import { holdLifeline } from './lifeline.js';
import { StoryTrainer } from './story/story-trainer.js';
import { Trainer } from './trainer.js';

/** What the page can call: one file for the playground and the story, so that it is downloaded once. */
const service = { trainer: proxy(new Trainer()), story: proxy(new StoryTrainer()), holdLifeline };

export type WorkerService = typeof service;

expose(service);
