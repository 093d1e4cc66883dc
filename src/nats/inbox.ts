import { requireMessage } from './message-error.js';

/** A message that has come whole: its bytes, and the number of its first part. */
export interface Arrival {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly number: number;
}

/**
 * Puts the messages of one stream together again. Only the part that is next is taken: one that comes twice or too early
 * is passed over, and comes again.
 */
export class Inbox {
  private bytes: Uint8Array<ArrayBuffer> | null = null;
  private filled = 0;
  private start = 0;

  /**
   * @param next the number of the first part
   * @param mostBytes of a message
   */
  constructor(
    private next: number,
    private readonly mostBytes: number,
  ) {}

  /** The number of the part that it awaits. */
  get awaited(): number {
    return this.next;
  }

  /**
   * Takes a part. It is copied.
   *
   * @param left bytes of the message from this part on
   * @returns the message if this part is its last, else null
   * @throws MessageError for a message that is too long, or a part that does not fit those before it
   */
  take(number: number, left: number, part: Uint8Array): Arrival | null {
    if (number !== this.next) return null;
    if (this.bytes == null) {
      const most = this.mostBytes;
      requireMessage(left <= most, `messages of at most ${most} bytes`, `one of ${left}`);
      this.bytes = new Uint8Array(left);
      this.filled = 0;
      this.start = number;
    }
    const missing = this.bytes.length - this.filled;
    requireMessage(left === missing, `a part of the ${missing} bytes that are missing`, `one of ${left}`);
    this.bytes.set(part, this.filled);
    this.filled += part.length;
    this.next++;
    if (this.filled < this.bytes.length) return null;
    const { bytes } = this;
    this.bytes = null;
    return { bytes, number: this.start };
  }
}
