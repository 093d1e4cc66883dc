/** All workers are gone. */
export class WorkersLostError extends Error {
  override readonly name = 'WorkersLostError';
}
