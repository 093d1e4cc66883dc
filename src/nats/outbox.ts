/** A part on its way: where it lies in its message. */
interface Part {
  readonly message: Uint8Array;
  readonly begin: number;
  readonly end: number;
  /** When it was last sent, in milliseconds. */
  sentAt: number;
  /** How often it was sent. */
  sent: number;
}

/** How often the time after which a part is sent again doubles. */
const MOST_DOUBLINGS = 3;

/** What an outbox sends: a part with its number. */
export type SendPart = (number: number, left: number, bytes: Uint8Array) => void;

/** Settings of an {@link Outbox}. */
export interface OutboxSettings {
  /** Bytes of a message in one part at most. */
  readonly partBytes: number;
  /** Parts that may be on their way unacknowledged. */
  readonly window: number;
  /** Milliseconds after which a part that is still awaited is sent again: it may only be slow, so the next time after twice as many. */
  readonly patience: number;
  /** The time in milliseconds. */
  readonly now: () => number;
}

/**
 * Messages to one or several readers, cut into parts that are numbered without a gap. Only so many are on their way as the
 * slowest reader leaves room for. Readers say again and again which part they await next: that acknowledges all
 * before it, and one that was sent long ago is sent to them again with those after it.
 */
export class Outbox<Reader> {
  /** Number of the first part of `parts`. */
  private first = 0;
  /** Number of the next part that was never sent. */
  private fresh = 0;
  /** Parts that some reader has not got. */
  private parts: Part[] = [];
  /** The part that each reader awaits next. */
  private readonly awaited = new Map<Reader, number>();

  /**
   * @param send to all readers
   * @param resend to one of them
   */
  constructor(
    private readonly settings: OutboxSettings,
    private readonly send: SendPart,
    private readonly resend: (reader: Reader, ...part: Parameters<SendPart>) => void,
  ) {}

  /** The number of the next part that is put in. */
  get end(): number {
    return this.first + this.parts.length;
  }

  /** Takes in a reader, who reads what is put in from now on. */
  join(reader: Reader): void {
    this.awaited.set(reader, this.end);
  }

  /** Forgets a reader, and what only that one had not got. */
  leave(reader: Reader): void {
    this.awaited.delete(reader);
    this.proceed();
  }

  /** Sends a message, which must not change until all have it. */
  put(message: Uint8Array): void {
    const { partBytes } = this.settings;
    for (let begin = 0; begin === 0 || begin < message.length; begin += partBytes) {
      const end = Math.min(begin + partBytes, message.length);
      this.parts.push({ message, begin, end, sentAt: 0, sent: 0 });
    }
    this.proceed();
  }

  /** A reader awaits part `next`. What cannot be is passed over. */
  hear(reader: Reader, next: number): void {
    const before = this.awaited.get(reader);
    if (before == null || next < before || next > this.fresh) return;
    this.awaited.set(reader, next);
    this.proceed();
    const part = this.parts[next - this.first];
    if (next >= this.fresh || part == null) return;
    const { now, patience } = this.settings;
    if (now() - part.sentAt < patience * 2 ** Math.min(part.sent - 1, MOST_DOUBLINGS)) return;
    for (let number = next; number < this.fresh; number++) {
      this.pass(number, (...sent) => this.resend(reader, ...sent));
    }
  }

  /** Forgets what all readers have, and sends what there is room for. */
  private proceed(): void {
    const done = Math.min(this.end, ...this.awaited.values());
    this.parts = this.parts.slice(done - this.first);
    this.first = done;
    this.fresh = Math.max(this.fresh, this.first);
    while (this.fresh < Math.min(this.end, this.first + this.settings.window)) {
      this.pass(this.fresh++, this.send);
    }
  }

  private pass(number: number, send: SendPart): void {
    const part = this.parts[number - this.first]!;
    part.sentAt = this.settings.now();
    part.sent++;
    send(number, part.message.length - part.begin, part.message.subarray(part.begin, part.end));
  }
}
