import type { Tensor } from '@tensorflow/tfjs-core';
import { clone, zeros } from '@tensorflow/tfjs-core';
import { withCorrections } from '../../tfjs/corrections/execute.js';
import { aliasTensor, handToScope } from '../../tfjs/engine.js';
import { Recorder } from '../recorder.js';
import type { Sweep } from '../sweep.js';
import type { Seeds, TapeInCharge } from '../tape-in-charge.js';
import { tapeInCharge } from '../tape-in-charge.js';

/** What is recorded: a value, and the sweeps that will run. */
interface Recorded {
  readonly value: Tensor;
  readonly sweeps: readonly Sweep[];
}

/** A tape with something recorded on it that can be swept. */
export interface OpenTape<R> {
  /** What was recorded. */
  readonly recorded: R;
  /** Runs a sweep. One adjoint for each source, zeros where no derivative leads; they belong to the innermost tidy. */
  run(sweep: Sweep, seeds: Seeds): Tensor[];
  /** Whether it can still be swept: one inside another derivative ends with that. */
  isOpen(): boolean;
  /** The tensors that it holds, none where it is part of another tape. */
  held(): Tensor[];
  close(): void;
}

/** The tape of the derivative around this, where there is one and it records now. */
export function outerTape(): TapeInCharge | null {
  const tape = tapeInCharge();
  return tape?.isRecording === true ? tape : null;
}

/**
 * The arguments that a function is called with: tensors of their own, so that a derivative by an argument is not one by
 * the tensor that was passed, which the function may reach by closure or be given twice.
 */
export function ownArguments(xs: readonly Tensor[]): Tensor[] {
  if (outerTape() != null) return xs.map((x) => clone(x));
  return xs.map((x) => {
    const own = aliasTensor(x);
    handToScope(own);
    return own;
  });
}

/**
 * Records on the tape of the derivative around this, or on one of its own. To be called in a tidy.
 *
 * @param xs what to differentiate by
 * @param record is called once, while the tape records, with the arguments for the function
 */
export function openTape<R extends Recorded>(
  xs: readonly Tensor[],
  record: (tape: TapeInCharge, args: readonly Tensor[]) => R,
): OpenTape<R> {
  const args = ownArguments(xs);
  const outer = outerTape();
  return outer == null ? tapeOfItsOwn(args, record) : partOfTape(outer, args, record);
}

function partOfTape<R extends Recorded>(
  tape: TapeInCharge,
  args: readonly Tensor[],
  record: (tape: TapeInCharge, args: readonly Tensor[]) => R,
): OpenTape<R> {
  for (const arg of args) tape.track(arg);
  const recorded = record(tape, args);
  return {
    recorded,
    run: (sweep, seeds) => {
      const adjoints = spread(sweep, tape.sweep(sweep, seeds));
      return tape.noteConstant(adjoints, [...args, recorded.value, ...seeds.map(([, seed]) => seed)]);
    },
    isOpen: () => tape.isOpen,
    held: () => [],
    close: () => undefined,
  };
}

function tapeOfItsOwn<R extends Recorded>(
  args: readonly Tensor[],
  record: (tape: TapeInCharge, args: readonly Tensor[]) => R,
): OpenTape<R> {
  const recorder = new Recorder();
  try {
    const recorded = recorder.record(args, () => record(recorder, args));
    recorder.retain(...recorded.sweeps);
    return {
      recorded,
      run: (sweep, seeds) => {
        const adjoints = withCorrections(() => sweep.run(seeds));
        for (const adjoint of adjoints) if (adjoint != null) handToScope(adjoint);
        return spread(sweep, adjoints);
      },
      isOpen: () => true,
      held: () => recorder.held,
      close: () => {
        recorder.dispose();
      },
    };
  } catch (error) {
    recorder.dispose();
    throw error;
  }
}

function spread({ sources }: Sweep, adjoints: readonly (Tensor | null)[]): Tensor[] {
  return adjoints.map((adjoint, i) => adjoint ?? zeros(sources[i]!.shape));
}
