/**
 * Resolves in a task of its own, so that messages which wait come in first. It does without a timer: a browser holds one
 * timer after the other back by 4 milliseconds each.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
