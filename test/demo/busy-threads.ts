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

/** The CPU time, in milliseconds, of the longest task of the page's main thread and of its worker meanwhile. */
export async function longestTasks(
  browser: Browser,
  page: Page,
  meanwhile: () => Promise<void>,
): Promise<{ page: number; worker: number }> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  await meanwhile();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const tasks = trace.traceEvents.filter(
    // A busy machine does not always tell the CPU time of a task.
    ({ name, ph, tdur }) => name === 'ThreadControllerImpl::RunTask' && ph === 'X' && tdur != null,
  );
  const longest = (threadName: string): number => {
    const threads = trace.traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === threadName)
      .map(({ pid, tid }) => `${pid} ${tid}`);
    const own = tasks.filter(({ pid, tid }) => threads.includes(`${pid} ${tid}`));
    if (own.length === 0) throw new Error(`no task of ${threadName} was traced`);
    return Math.max(...own.map(({ tdur }) => tdur!)) / 1000;
  };
  return { page: longest('CrRendererMain'), worker: longest('DedicatedWorker thread') };
}
