import type { Browser, Page } from 'playwright';

/** What Chromium's tracing tells of a task of a thread, of its names, and of much else. Times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ph: string;
  /** CPU time of the thread. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** CPU time of the tasks of a thread, in milliseconds. */
export interface ThreadTimes {
  readonly longest: number;
  readonly total: number;
}

/** The CPU times of the page's main thread and of its worker meanwhile: what else the machine does is not in them. */
export async function threadTimes(
  browser: Browser,
  page: Page,
  meanwhile: () => Promise<void>,
): Promise<{ page: ThreadTimes; worker: ThreadTimes }> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  await meanwhile();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const tasks = trace.traceEvents.filter(
    // A busy machine does not always tell the CPU time of a task.
    ({ name, ph, tdur }) => name === 'ThreadControllerImpl::RunTask' && ph === 'X' && tdur != null,
  );
  const timesOf = (threadName: string): ThreadTimes => {
    const threads = trace.traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === threadName)
      .map(({ pid, tid }) => `${pid} ${tid}`);
    const own = tasks.filter(({ pid, tid }) => threads.includes(`${pid} ${tid}`));
    if (own.length === 0) throw new Error(`no task of ${threadName} was traced`);
    const times = own.map(({ tdur }) => tdur! / 1000);
    return { longest: Math.max(...times), total: times.reduce((sum, time) => sum + time, 0) };
  };
  return { page: timesOf('CrRendererMain'), worker: timesOf('DedicatedWorker thread') };
}
