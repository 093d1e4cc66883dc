import type { NatsConnection } from '@nats-io/nats-core';
import { describe, expect, it } from 'vitest';
import type { SharedMessage } from '../../../src/nats/broadcast.js';
import { Broadcast } from '../../../src/nats/broadcast.js';
import { decodeMessage } from '../../../src/nats/codec.js';
import type { ConnectionWatch } from '../../../src/nats/connection-watch.js';
import { readFrame } from '../../../src/nats/frame.js';
import type { Link } from '../../../src/nats/link.js';

/** What a host tells all, each vector of one part. */
function listen(): { broadcast: Broadcast; told: SharedMessage[]; join(): Link } {
  const told: SharedMessage[] = [];
  const connection = {
    publish: (_: string, bytes: Uint8Array) => {
      const frame = readFrame(bytes);
      if (frame.kind === 'part') told.push(decodeMessage(frame.bytes.slice(), 1000) as SharedMessage);
    },
  } as unknown as NatsConnection;
  const watch: ConnectionWatch = {
    connection,
    isUp: true,
    numLosses: 0,
    closure: null,
    onRefusal: new Set(),
  };
  const broadcast = new Broadcast(watch, 'curvature.lab.shared.host');
  const join = (): Link => {
    const link = {} as Link;
    broadcast.join(link);
    return link;
  };
  return { broadcast, told, join };
}

const v = Float32Array.of(1, NaN, -0);

describe('what all are told', () => {
  it('is told once, until it changes', () => {
    const { broadcast, told, join } = listen();
    const [a, b] = [join(), join()];
    const first = broadcast.tell(a, v);
    expect(broadcast.tell(b, v.slice()).number).toBe(first.number);
    expect(told).toEqual([{ floor: 0, values: v }]);
    // Another sign of zero is another vector.
    const second = broadcast.tell(a, Float32Array.of(1, NaN, 0));
    expect(second.number).toBe(first.number + 1);
    expect(told).toHaveLength(2);
    // A vector that the caller changes in place is told anew.
    const w = v.slice();
    broadcast.tell(a, w);
    w[0] = 2;
    broadcast.tell(a, w);
    expect(told.at(-1)!.values[0]).toBe(2);
  });

  it('is told again to one that joined later', () => {
    const { broadcast, told, join } = listen();
    const early = broadcast.tell(join(), v);
    const late = broadcast.tell(join(), v);
    expect(late.number).toBe(early.number + 1);
    expect(told).toHaveLength(2);
  });

  it('may be forgotten when no call needs it any more', () => {
    const { broadcast, told, join } = listen();
    const link = join();
    const vector = (x: number): Float32Array => Float32Array.of(x);
    const [zero, one] = [broadcast.tell(link, vector(0)), broadcast.tell(link, vector(1))];
    broadcast.hear(link, 2);
    broadcast.tell(link, vector(2));
    expect(told.at(-1)!.floor).toBe(0);
    zero.release();
    zero.release();
    broadcast.tell(link, vector(3));
    expect(told.at(-1)!.floor).toBe(one.number);
    one.release();
    broadcast.hear(link, 4);
    broadcast.tell(link, vector(4));
    expect(told.at(-1)!.floor).toBe(2);
  });
});
