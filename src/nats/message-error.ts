/** What came over the network is not what it should be. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
}

/** Throws a {@link MessageError} unless `condition` holds. */
export function requireMessage(condition: boolean, expected: string, received: string): asserts condition {
  if (!condition) throw new MessageError(`expected ${expected}, received ${received}`);
}
