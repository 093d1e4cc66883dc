import { moduleOf } from './modules';
import { toBody } from './to-body';

/** What the page is told: a line that was printed, a picture that was printed, the end. */
export type Answer = { line: string } | { svg: string } | { failed: boolean };

const answer = (message: Answer) => postMessage(message);

/** A value as a console shows it, near enough. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return `[${Array.from(value as ArrayLike<unknown>, shown).join(', ')}]`;
  }
  return JSON.stringify(value);
}

console.log = (...values: unknown[]) => {
  const line = values.map(shown).join(' ');
  answer(line.startsWith('<svg') ? { svg: line } : { line });
};

addEventListener('message', ({ data }: MessageEvent<string>) => {
  const run = async () => {
    const AsyncFunction = (async () => {}).constructor as new (
      ...code: string[]
    ) => (load: typeof moduleOf) => Promise<void>;
    await new AsyncFunction('load', toBody(data))(moduleOf);
  };
  run().then(
    () => answer({ failed: false }),
    (error: unknown) => {
      answer({ line: shown(error) });
      answer({ failed: true });
    },
  );
});
