import { expose } from 'comlink';
import { holdLifeline } from './lifeline.js';
import { Trainer } from './trainer.js';

const service: Trainer & { holdLifeline: typeof holdLifeline } = Object.assign(new Trainer(), {
  holdLifeline,
});

/** What the page can call. */
export type TrainingService = typeof service;

expose(service);
