import type { Remote } from 'comlink';
import { proxy, wrap } from 'comlink';
import type { StartedBackend } from './backend.js';
import { TrainingHistory } from './history.js';
import { hasLifelines, lifelineEnd } from './lifeline.js';
import type { AnswersByRun, TrainingUpdate } from './records.js';
import type { Retuning, Settings } from './settings.js';
import { startWorker } from './start-worker.js';
import type { WorkerService } from './worker.js';

type RemoteTrainer = Remote<WorkerService>['trainer'];

/** Whom a session tells what happens. */
export interface SessionEvents {
  /** There is more to draw. */
  updated(update: TrainingUpdate): void;
  /** Training has come to an end that nobody asked for. What is recorded stays. */
  stopped(message: string): void;
}

const gone = 'The worker that trains is gone. The records so far are kept; Reset starts a new one.';

/** One run: a worker of its own that trains, and what it has told. */
export class Session {
  readonly history: TrainingHistory;
  private readonly worker = startWorker();
  private readonly service: Remote<WorkerService> = wrap<WorkerService>(this.worker);
  /** Rejects when the worker is gone. */
  private readonly lost: Promise<never>;
  private lose: (message: string) => void = () => {};

  constructor(
    private readonly settings: Settings,
    private readonly events: SessionEvents,
  ) {
    this.history = new TrainingHistory(settings);
    this.lost = new Promise((_, reject) => {
      this.lose = (message) => reject(new Error(message));
    });
    this.lost.catch((error: Error) => events.stopped(error.message));
    // A worker whose file is not served has nothing to say but that.
    this.worker.onerror = ({ message }) => this.lose(message || 'The worker that trains cannot be loaded.');
  }

  /** Starts a backend: the one of the settings, or another that does start. */
  async prepare(): Promise<StartedBackend> {
    if (hasLifelines()) await this.watch();
    return this.call((trainer) => trainer.prepare(this.settings.backend));
  }

  /** Makes the nets. Resolves when it is known how they stand. */
  async begin(): Promise<void> {
    const listener = proxy({
      update: (update: TrainingUpdate, answers: AnswersByRun) => {
        this.history.add(update, answers);
        this.events.updated(update);
      },
      failed: (message: string) => this.events.stopped(message),
    });
    this.history.shown = await this.call((trainer) => trainer.begin(this.settings, listener));
  }

  /** Changes what can be changed in the middle of a run. */
  async retune(retuning: Retuning): Promise<void> {
    this.history.settings = { ...this.history.settings, ...retuning };
    await this.call((trainer) => trainer.retune(retuning));
  }

  /** Asks something of the trainer. Rejects with what went wrong there, or when the worker is gone. */
  async call<T>(ask: (trainer: RemoteTrainer) => Promise<T>): Promise<T> {
    return this.orLost(ask(this.service.trainer));
  }

  private orLost<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.lost]);
  }

  /** Ends the worker, whatever it is doing, and with it all that it holds. */
  end(): void {
    this.lose = () => {};
    this.worker.terminate();
  }

  /** Lets the browser say when the worker is gone. */
  private async watch(): Promise<void> {
    const lifeline = `lifeline-${crypto.randomUUID()}`;
    await this.orLost(this.service.holdLifeline(lifeline));
    void lifelineEnd(lifeline).then(() => this.lose(gone));
  }
}
