import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inbox } from '../../../src/nats/inbox.js';
import { SeededRandom } from '../../../src/random.js';
import { Outbox } from '../../../src/nats/outbox.js';

type Part = Parameters<Inbox['take']>;

/** Readers behind a line that loses, repeats and delays parts and what acknowledges them, as chance has it. */
function lossyRun(
  messages: Uint8Array[],
  numReaders: number,
  window: number,
  chance: () => number,
): Uint8Array[][] {
  let time = 0;
  const underWay: { reader: number; part: Part }[] = [];
  const pass = (reader: number, ...part: Part): void => {
    if (chance() < 0.3) return;
    underWay.push({ reader, part });
    if (chance() < 0.2) underWay.push({ reader, part });
  };
  const everyone = Array.from({ length: numReaders }, (_, i) => i);
  const outbox = new Outbox<number>(
    { partBytes: 8, window, patience: 10, now: () => time },
    (...part) => everyone.forEach((reader) => pass(reader, ...part)),
    pass,
  );
  const inboxes = everyone.map(() => new Inbox(0, 1000));
  const got: Uint8Array[][] = everyone.map(() => []);
  for (const reader of everyone) outbox.join(reader);
  for (const message of messages) outbox.put(message);
  for (let step = 0; got.some((list) => list.length < messages.length); step++) {
    expect(step).toBeLessThan(100_000);
    time += 1;
    if (underWay.length > 0 && chance() < 0.9) {
      const [{ reader, part }] = underWay.splice(Math.floor(chance() * Math.min(3, underWay.length)), 1) as [
        { reader: number; part: Part },
      ];
      const arrival = inboxes[reader]!.take(...part);
      if (arrival != null) got[reader]!.push(arrival.bytes);
    }
    for (const reader of everyone) if (chance() < 0.5) outbox.hear(reader, inboxes[reader]!.awaited);
  }
  return got;
}

describe('outbox and inbox', () => {
  it('bring every message to every reader, once and in order, whatever gets lost on the way', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        (lengths, numReaders, window, seed) => {
          const messages = lengths.map((length, i) => Uint8Array.from({ length }, (_, j) => 31 * i + j));
          const random = new SeededRandom(seed);
          const chance = (): number => random.uniform();
          for (const got of lossyRun(messages, numReaders, window, chance)) expect(got).toEqual(messages);
        },
      ),
      { seed: 2, numRuns: 60 },
    );
  });

  /** An outbox for readers a and b, and what it sent. */
  function watched(): {
    outbox: Outbox<string>;
    sent: number[];
    resent: [string, number][];
    clock: { time: number };
  } {
    const clock = { time: 0 };
    const sent: number[] = [];
    const resent: [string, number][] = [];
    const outbox = new Outbox<string>(
      { partBytes: 4, window: 2, patience: 10, now: () => clock.time },
      (number) => sent.push(number),
      (reader, number) => resent.push([reader, number]),
    );
    outbox.join('a');
    outbox.join('b');
    return { outbox, sent, resent, clock };
  }

  it('send as much as the slowest reader leaves room for', () => {
    const { outbox, sent } = watched();
    outbox.put(new Uint8Array(20));
    expect(sent).toEqual([0, 1]);
    outbox.hear('a', 2);
    expect(sent).toEqual([0, 1]);
    outbox.hear('b', 1);
    expect(sent).toEqual([0, 1, 2]);
    // One that leaves is not waited for.
    outbox.leave('b');
    expect(sent).toEqual([0, 1, 2, 3]);
    outbox.join('late');
    outbox.hear('a', 4);
    expect(sent).toEqual([0, 1, 2, 3, 4]);
    outbox.put(new Uint8Array(4));
    expect(outbox.end).toBe(6);
    outbox.hear('late', 5);
    expect(sent).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('send again to the one who lacks it, after a while, and then after a longer one', () => {
    const { outbox, resent, clock } = watched();
    outbox.put(new Uint8Array(8));
    outbox.hear('a', 2);
    outbox.hear('b', 0);
    clock.time = 9;
    outbox.hear('b', 0);
    expect(resent).toEqual([]);
    clock.time = 10;
    outbox.hear('b', 0);
    expect(resent.splice(0)).toEqual([
      ['b', 0],
      ['b', 1],
    ]);
    clock.time = 29;
    outbox.hear('b', 0);
    expect(resent).toEqual([]);
    clock.time = 30;
    outbox.hear('b', 0);
    expect(resent).toHaveLength(2);
    // What cannot be is passed over.
    outbox.hear('b', 7);
    outbox.hear('nobody', 1);
    outbox.hear('b', 2);
    expect(outbox.end).toBe(2);
  });

  it('refuse messages that are too long before there is room for them, and parts that do not fit', () => {
    expect(() => new Inbox(0, 10).take(0, 11, new Uint8Array(1))).toThrow(
      'at most 10 bytes, received one of 11',
    );
    const inbox = new Inbox(5, 10);
    expect(inbox.take(4, 3, new Uint8Array(3))).toBeNull();
    expect(inbox.take(5, 6, Uint8Array.of(1, 2, 3, 4))).toBeNull();
    expect(() => inbox.take(6, 3, new Uint8Array(3))).toThrow('the 2 bytes that are missing');
    expect(inbox.take(6, 2, Uint8Array.of(5, 6))).toEqual({
      bytes: Uint8Array.of(1, 2, 3, 4, 5, 6),
      number: 5,
    });
    expect(inbox.take(7, 0, new Uint8Array(0))).toEqual({ bytes: new Uint8Array(0), number: 7 });
  });
});
