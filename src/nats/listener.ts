/** A function of the user's that is told of events. What it throws disturbs nobody: the first of it is kept. */
export class Listener<Event> {
  private thrown: { readonly error: unknown } | null = null;

  constructor(private readonly listen: ((event: Event) => void) | undefined) {}

  tell(event: Event): void {
    try {
      this.listen?.(event);
    } catch (error) {
      this.thrown ??= { error };
    }
  }

  /** Throws what it has thrown first, if anything. */
  rethrow(): void {
    if (this.thrown != null) throw this.thrown.error;
  }
}
