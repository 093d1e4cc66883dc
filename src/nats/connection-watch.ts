import type { NatsConnection, PublishOptions } from '@nats-io/nats-core';

/** What is known of a connection. */
export interface ConnectionWatch {
  readonly connection: NatsConnection;
  /** Whether there is a server at the other end, as far as is known. */
  readonly isUp: boolean;
  /** How often the server was lost. */
  readonly numLosses: number;
  /** Why it is closed; null: it is open, or will be again. */
  readonly closure: string | null;
  /** Are told of each subject that may not be published or subscribed to, with what the server says. */
  readonly onRefusal: Set<(subject: string, message: string) => void>;
}

const watches = new WeakMap<NatsConnection, ConnectionWatch>();

/** The watch over a connection, the same for all who ask. It ends with the connection. */
export function watchConnection(connection: NatsConnection): ConnectionWatch {
  const known = watches.get(connection);
  if (known != null) return known;
  const watch = {
    connection,
    isUp: !connection.isClosed(),
    numLosses: 0,
    closure: null as string | null,
    onRefusal: new Set<(subject: string, message: string) => void>(),
  };
  watches.set(connection, watch);
  const close = (reason: unknown): void => {
    watch.isUp = false;
    const why = reason instanceof Error ? `: ${reason.message}` : '';
    watch.closure ??= `the connection to the NATS server is closed${why}`;
  };
  connection.closed().then(close, close);
  const follow = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        watch.isUp = false;
        watch.numLosses++;
      }
      if (status.type === 'reconnect') watch.isUp = true;
      if (status.type !== 'error') continue;
      const { subject } = status.error as { subject?: string };
      if (subject == null) continue;
      for (const tell of [...watch.onRefusal]) tell(subject, status.error.message);
    }
  };
  follow().catch(close);
  return watch;
}

/** The bytes of a message that go into one part, whatever the server takes more. */
const PART_BYTES = 512 * 1024;

/** Bytes of a message in one NATS message: 512 KiB, or what the server allows less `header`. */
export function partBytesOf({ info }: NatsConnection, header: number): number {
  return Math.min(PART_BYTES, (info?.max_payload ?? Infinity) - header);
}

/** Publishes, unless there is no server at present. @returns why it cannot be done any more; null: it can */
export function publish(
  watch: ConnectionWatch,
  subject: string,
  bytes: Uint8Array,
  options?: PublishOptions,
): string | null {
  if (!watch.isUp) return watch.closure;
  try {
    watch.connection.publish(subject, bytes, options);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
