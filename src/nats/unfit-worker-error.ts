/**
 * A worker of a sweep cannot do a unit that others may be able to do: its data is not that of the host, say. What runs the
 * units throws it; the worker gives the unit back and ends.
 */
export class UnfitWorkerError extends Error {
  override readonly name = 'UnfitWorkerError';
}
