import { requireMessage } from './message-error.js';

/*
 * What one NATS message between a host and a session carries, little-endian: a byte that says which of these it is, and
 * fifteen more.
 *
 *   part     byte 1: the stream, bytes 4 … 7: its number in the stream, bytes 8 … 15: how many bytes of its message are
 *            to come with it and after it (float64), then some of them
 *   state    bytes 4 … 7 and 8 … 11: the number of the part awaited next in each stream
 *   end      byte 1: whether it is for good, then why, as text
 */

/** A host's word to one session or a session's to its host; and a host's to all of its sessions. */
export type Stream = 'private' | 'shared';

/** One NATS message. */
export type Frame =
  | {
      readonly kind: 'part';
      readonly stream: Stream;
      readonly number: number;
      /** Bytes of the message from the first of this part to its end. */
      readonly left: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'state'; readonly next: Readonly<Record<Stream, number>> }
  | {
      readonly kind: 'end';
      readonly reason: string;
      /** Whether another session would come to the same end. */
      readonly isFinal: boolean;
    };

/** Bytes of a part beside those of its message. */
export const HEADER_BYTES = 16;

const kinds = ['part', 'state', 'end'] as const;
const streams = ['private', 'shared'] as const;

/** The bytes of a frame. */
export function writeFrame(frame: Frame): Uint8Array {
  const text = frame.kind === 'end' ? new TextEncoder().encode(frame.reason) : null;
  const body = frame.kind === 'part' ? frame.bytes : text;
  const bytes = new Uint8Array(HEADER_BYTES + (body?.length ?? 0));
  const view = new DataView(bytes.buffer);
  bytes[0] = kinds.indexOf(frame.kind);
  if (body != null) bytes.set(body, HEADER_BYTES);
  if (frame.kind === 'end') bytes[1] = Number(frame.isFinal);
  if (frame.kind === 'part') {
    bytes[1] = streams.indexOf(frame.stream);
    view.setUint32(4, frame.number, true);
    view.setFloat64(8, frame.left, true);
  } else if (frame.kind === 'state') {
    view.setUint32(4, frame.next.private, true);
    view.setUint32(8, frame.next.shared, true);
  }
  return bytes;
}

/**
 * The frame of some bytes. A part's are a view of them.
 *
 * @throws MessageError for what is none
 */
export function readFrame(bytes: Uint8Array): Frame {
  requireMessage(bytes.length >= HEADER_BYTES, 'a frame', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = kinds[bytes[0]!];
  const body = bytes.subarray(HEADER_BYTES);
  if (kind === 'state') {
    return { kind, next: { private: view.getUint32(4, true), shared: view.getUint32(8, true) } };
  }
  if (kind === 'end') return { kind, reason: new TextDecoder().decode(body), isFinal: bytes[1] === 1 };
  requireMessage(kind === 'part', 'a frame of a known kind', `kind ${bytes[0]}`);
  const stream = streams[bytes[1]!];
  requireMessage(stream != null, 'a frame of a known stream', `stream ${bytes[1]}`);
  const left = view.getFloat64(8, true);
  const isWhole = Number.isSafeInteger(left) && left >= body.length && (left === 0 || body.length > 0);
  requireMessage(isWhole, 'a part of its message', `${body.length} bytes of ${left}`);
  return { kind, stream, number: view.getUint32(4, true), left, bytes: body };
}
