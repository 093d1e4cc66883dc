import type { Tensor } from '@tensorflow/tfjs-core';
import { execute, isRightByItself } from '../tfjs/corrections/execute.js';
import { isConnected } from './connection.js';
import type { CustomGradientCall, EngineGradients, KernelCall } from '../tfjs/engine.js';
import { hasPolesAlone, isDifferentRule, isRecordable, isRounding, suspicionOf } from './stock-suspicions.js';
import { Sweep } from './sweep.js';
import { synchronousRead } from '../tfjs/capabilities.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';

type RunKernel = (call: KernelCall) => Tensor | Tensor[];

/** TensorFlow.js's own tape and backward pass, to be used where they are right. */
export interface StockGradients {
  readonly tape: StockTape;
  /** The gradient of a value that its tape has recorded. */
  readonly gradients: (value: Tensor) => EngineGradients;
}

/** An operation whose gradient TensorFlow.js has right unless something is so in its values. */
interface Suspicion {
  /** Whether it is so, by a read on the host; null where it is so whatever the values. */
  readonly confirm: (() => boolean) | null;
  /** Where it matters; everywhere if it has no node. */
  readonly node?: TapeNode;
}

/** Thrown through TensorFlow.js's backward pass to leave it. */
class Distrusted extends Error {}

/**
 * TensorFlow.js's own tape, filled beside ours while a loss is computed once, so that either can do the backward pass:
 * its own, to the bit, where it is right.
 */
export class StockTape {
  private isTrusted = true;
  private isAside = false;
  private isBackward = false;
  private readonly suspicions: Suspicion[] = [];

  /** Whether it takes part now. */
  get isOn(): boolean {
    return this.isTrusted && !this.isAside;
  }

  /** Whether its backward pass runs. */
  get isSweeping(): boolean {
    return this.isBackward;
  }

  /** It does not see what `f` does. */
  aside<T>(f: () => T): T {
    const outer = this.isAside;
    this.isAside = true;
    try {
      return f();
    } finally {
      this.isAside = outer;
    }
  }

  /** From now on its gradient counts as wrong. */
  distrust(): void {
    this.isTrusted = false;
    if (this.isBackward) throw new Distrusted();
  }

  /** Runs a kernel of the loss as TensorFlow.js does, unless that is wrong. */
  run(call: KernelCall, run: RunKernel): Tensor | Tensor[] {
    if (this.isTrusted && !(isRightByItself(call) && isRecordable(call))) this.distrust();
    return this.isTrusted ? run(call) : execute(call, run);
  }

  /** Runs an operation of its backward pass. */
  sweep<Call extends KernelCall | CustomGradientCall>(
    call: Call,
    run: (call: Call) => Tensor | Tensor[],
  ): Tensor | Tensor[] {
    if ('kernelName' in call && !isRightByItself(call)) this.distrust();
    return run(call);
  }

  /** Takes note of an operation, and asks later whether its gradient is the one that TensorFlow.js has. */
  note(
    call: KernelCall,
    outputs: readonly Tensor[],
    reference: (tensor: Tensor) => Tensor,
    node?: TapeNode,
  ): void {
    // Also in the bodies of custom gradients that are differentiated as what they compute.
    if (node != null && isDifferentRule(call, node)) this.suspicions.push({ confirm: null, node });
    if (!this.isOn) return;
    if (hasPolesAlone(call) && !canRead()) return;
    const confirm = suspicionOf(call, outputs, reference);
    if (confirm != null) this.suspicions.push({ confirm, node });
  }

  /**
   * Its gradient, by `gradients` of the engine; null where it is not to be trusted or cannot be had.
   *
   * @param recorded the loss as our tape has it
   */
  gradients(
    { nodes, sources, y }: { nodes: readonly TapeNode[]; sources: readonly TapeValue[]; y: ValueId },
    gradients: () => EngineGradients,
  ): EngineGradients | null {
    if (!this.isTrusted || passesRounding(nodes, y) || this.isWrongOn(nodes, sources, y)) return null;
    this.isBackward = true;
    try {
      return this.aside(gradients);
    } catch {
      // Ours says what is wrong, if anything is.
      return null;
    } finally {
      this.isBackward = false;
    }
  }

  private isWrongOn(nodes: readonly TapeNode[], sources: readonly TapeValue[], y: ValueId): boolean {
    const isWrong = ({ confirm }: Suspicion): boolean => confirm == null || !canRead() || confirm();
    const wrong = this.aside(() => this.suspicions.filter(isWrong));
    if (wrong.length === 0) return false;
    const path = pathOf(nodes, sources, y);
    return wrong.some(({ node }) => node == null || path.has(node));
  }
}

const canRead = (): boolean => synchronousRead() === 'free';

/** Whether the loss depends on the variables through a number that is rounded, which TensorFlow.js passes over. */
function passesRounding(nodes: readonly TapeNode[], y: ValueId): boolean {
  return nodes.some((node) => isRounding(node) && isConnected(node.outputs[0]!.id, nodes, y));
}

/** The nodes between the variables and the loss; all, where our tape says that one of them has no gradient. */
function pathOf(
  nodes: readonly TapeNode[],
  sources: readonly TapeValue[],
  y: ValueId,
): ReadonlySet<TapeNode> {
  try {
    return new Set(new Sweep(nodes, sources, [y]).nodes);
  } catch {
    return new Set(nodes);
  }
}
