import type { Browser, CDPSession } from 'playwright';

/**
 * A tab that can come to lie behind another one. Playwright's own pages always count as visible; this one is opened by
 * the protocol underneath, and the browser hides it as it does for a visitor: no frames, and `visibilityState` says so.
 */
export class Tab {
  private asked = 0;
  private readonly answers = new Map<number, (answer: { result?: { value?: unknown } }) => void>();

  private constructor(
    private readonly protocol: CDPSession,
    private readonly browserContextId: string,
    private readonly targetId: string,
    private readonly sessionId: string,
  ) {
    protocol.on('Target.receivedMessageFromTarget', ({ message }) => {
      const { id, result } = JSON.parse(message) as { id: number; result: object };
      this.answers.get(id)?.(result);
    });
  }

  static async open(browser: Browser, url: string): Promise<Tab> {
    const protocol = await browser.newBrowserCDPSession();
    const { browserContextId } = await protocol.send('Target.createBrowserContext');
    const { targetId } = await protocol.send('Target.createTarget', { url, browserContextId });
    const { sessionId } = await protocol.send('Target.attachToTarget', { targetId, flatten: false });
    return new Tab(protocol, browserContextId, targetId, sessionId);
  }

  /** The value of an expression in the tab. */
  async evaluate(expression: string): Promise<unknown> {
    const id = ++this.asked;
    const answer = new Promise<{ result?: { value?: unknown } }>((resolve) => this.answers.set(id, resolve));
    const call = { id, method: 'Runtime.evaluate', params: { expression, returnByValue: true } };
    await this.protocol.send('Target.sendMessageToTarget', {
      sessionId: this.sessionId,
      message: JSON.stringify(call),
    });
    return (await answer).result?.value;
  }

  /** Opens another tab in front. */
  async hide(): Promise<void> {
    const { browserContextId } = this;
    await this.protocol.send('Target.createTarget', { url: 'about:blank', browserContextId });
  }

  /** Brings the tab to the front again. */
  async show(): Promise<void> {
    await this.protocol.send('Target.activateTarget', { targetId: this.targetId });
  }

  async close(): Promise<void> {
    await this.protocol.send('Target.disposeBrowserContext', { browserContextId: this.browserContextId });
    await this.protocol.detach();
  }
}
