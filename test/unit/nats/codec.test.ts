import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../../../src/nats/codec.js';
import { MessageError } from '../../../src/nats/message-error.js';
import { readFrame, writeFrame } from '../../../src/nats/frame.js';

const most = 1e6;
const seed = { seed: 1, numRuns: 300 };

const arrays = fc.oneof(
  fc.float32Array({ maxLength: 20 }),
  fc.int32Array({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.double(),
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    arrays,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

describe('messages', () => {
  it('come out as they went in, bit by bit', () => {
    fc.assert(
      fc.property(value, (sent) => {
        expect(decodeMessage(new Uint8Array(encodeMessage(sent)), most)).toEqual(sent);
      }),
      seed,
    );
  });

  it('keep NaN, infinities, the sign of zero and the kinds of arrays', () => {
    const sent = {
      a: [NaN, -Infinity, -0, 0],
      b: Float32Array.of(NaN, -0),
      c: new Int32Array(0),
      ['__proto__']: 1,
    };
    const got = decodeMessage(new Uint8Array(encodeMessage(sent)), most) as typeof sent;
    expect(got).toStrictEqual(sent);
    expect(Object.is(got.a[2], -0)).toBe(true);
    expect(got.b).toBeInstanceOf(Float32Array);
    expect(got.c).toBeInstanceOf(Int32Array);
  });

  it('take a view into a larger buffer', () => {
    const large = Float32Array.from({ length: 9 }, (_, i) => i);
    expect(decodeMessage(new Uint8Array(encodeMessage([large.subarray(3, 6)])), most)).toEqual([
      Float32Array.of(3, 4, 5),
    ]);
  });

  it('are refused by name where they are broken or too large', () => {
    const refuse = (bytes: Uint8Array<ArrayBuffer>): void => {
      try {
        decodeMessage(bytes, 200);
      } catch (error) {
        expect(error).toBeInstanceOf(MessageError);
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => refuse(new Uint8Array(bytes))),
      seed,
    );
    const good = new Uint8Array(encodeMessage({ a: Float32Array.of(1, 2), b: [NaN, 'x'] }));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bytes = good.slice();
        bytes[at] = byte;
        refuse(bytes);
        refuse(good.slice(0, at));
      }),
      seed,
    );
    expect(() => decodeMessage(new Uint8Array(encodeMessage('x'.repeat(300))), 200)).toThrow(
      'expected at most 200 bytes of JSON, received 307',
    );
    expect(() => encodeMessage([new Float64Array(2)])).toThrow('arrays of float32, int32 or uint8');
    const polluting = new TextEncoder().encode(JSON.stringify([{}, [[['__proto__', 'a'], 'number', 'NaN']]]));
    const bytes = new Uint8Array(8 + Math.ceil(polluting.length / 8) * 8);
    bytes[0] = polluting.length;
    bytes.set(polluting, 8);
    expect(() => decodeMessage(bytes, 200)).toThrow('a path to a value');
  });
});

describe('frames', () => {
  const frame = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('private' as const, 'shared' as const),
        fc.nat(),
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
      )
      .map(([stream, number, bytes, more]) => ({
        kind: 'part' as const,
        stream,
        number,
        left: bytes.length + more,
        bytes: new Uint8Array(bytes),
      })),
    fc
      .tuple(fc.nat(), fc.nat())
      .map(([own, shared]) => ({ kind: 'state' as const, next: { private: own, shared } })),
    fc
      .tuple(fc.constantFrom('', 'über', 'x'.repeat(99)), fc.boolean())
      .map(([reason, isFinal]) => ({ kind: 'end' as const, reason, isFinal })),
  );

  it('come out as they went in', () => {
    fc.assert(
      fc.property(frame, (sent) => {
        expect(readFrame(writeFrame(sent))).toEqual(sent);
      }),
      seed,
    );
  });

  it('are refused by name where they are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(['part', 'state', 'end']).toContain(readFrame(bytes).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageError);
        }
      }),
      seed,
    );
    expect(() => readFrame(new Uint8Array(15))).toThrow('a frame, received 15 bytes');
    expect(() => readFrame(new Uint8Array(16).fill(9))).toThrow('kind 9');
    // A part without bytes of a message that has some would come for ever.
    const endless = writeFrame({
      kind: 'part',
      stream: 'private',
      number: 0,
      left: 5,
      bytes: new Uint8Array(0),
    });
    expect(() => readFrame(endless)).toThrow('0 bytes of 5');
  });
});
