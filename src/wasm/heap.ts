import { util, type DataType, type TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend } from './backend.js';
import type { WasmFunctions } from './functions.js';

/** Alignment of scratch: a cache line, so that no vector of a packed panel straddles two. */
const ALIGNMENT = 64;
/** The smallest block of scratch asked for, so that small kernels do not ask again and again. */
const SMALLEST = 1 << 20;
/** A block above this is given back as soon as a kernel needs less. */
const LARGEST_KEPT = 32 << 20;

/** Number of elements. */
export function sizeOf(tensor: TensorInfo): number {
  return util.sizeFromShape(tensor.shape);
}

/** One block of scratch on tfjs's heap, used over and over. */
class Scratch {
  private block = 0;
  private capacity = 0;

  constructor(private readonly backend: WasmBackend) {}

  /** Address of at least `bytes`, 64-byte aligned, with undefined contents, valid until the next call. */
  at(bytes: number): number {
    const needed = Math.max(bytes, SMALLEST);
    if (needed > this.capacity || (this.capacity > LARGEST_KEPT && needed <= LARGEST_KEPT)) {
      this.free();
      this.block = this.backend.wasm._malloc(needed + ALIGNMENT) >>> 0;
      this.capacity = needed;
    }
    return Math.ceil(this.block / ALIGNMENT) * ALIGNMENT;
  }

  free(): void {
    // A backend that tfjs has removed has given up its heap, and our block with it.
    if (this.block !== 0) this.backend.wasm?._free(this.block);
    this.block = 0;
    this.capacity = 0;
  }
}

/** tfjs's heap as our kernels see it: where tensors lie, new tensors, and two blocks of scratch. */
export class Heap {
  private readonly ownScratch: Scratch;
  private readonly sharedScratch: Scratch;
  /** What the kernels under way have made and not released, by its data: once for each handle. */
  private readonly made: object[] = [];

  /** @param functions what kernels compute with: the compiled functions, or those that divide their work among threads */
  constructor(
    readonly backend: WasmBackend,
    readonly memory: WebAssembly.Memory,
    public functions: WasmFunctions,
  ) {
    this.ownScratch = new Scratch(backend);
    this.sharedScratch = new Scratch(backend);
  }

  /** Address of a tensor's first element. Addresses survive a growing heap; views of it do not. */
  pointer(tensor: TensorInfo): number {
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** A new tensor with undefined contents, owned by the engine once a kernel has returned it. */
  output(shape: number[], dtype: DataType = 'float32'): TensorInfo {
    return this.own(this.backend.makeOutput(shape, dtype));
  }

  /** A second handle on the same data under another shape. Costs no copy. */
  alias(tensor: TensorInfo, shape: number[], dtype: DataType = tensor.dtype): TensorInfo {
    this.backend.incRef(tensor.dataId);
    return this.own({ dataId: tensor.dataId, shape, dtype });
  }

  /** Frees a tensor that a kernel made for itself. */
  release(tensor: TensorInfo): void {
    const at = this.made.lastIndexOf(tensor.dataId);
    if (at >= 0) this.made.splice(at, 1);
    this.backend.disposeData(tensor.dataId);
  }

  /** Notes a tensor that was made for the kernel under way. */
  own(tensor: TensorInfo): TensorInfo {
    this.made.push(tensor.dataId);
    return tensor;
  }

  /** Runs a kernel so that nothing it has made stays if it throws, as where memory is used up. */
  run<T>(kernel: () => T): T {
    const before = this.made.length;
    try {
      return kernel();
    } catch (error) {
      for (const dataId of this.made.slice(before)) this.backend.disposeData(dataId);
      throw error;
    } finally {
      this.made.length = before;
    }
  }

  /** Fills a tensor of 4-byte elements with zeros. */
  clear(tensor: TensorInfo): void {
    this.clearBytes(this.pointer(tensor), 4 * sizeOf(tensor));
  }

  /** Fills bytes with zeros. The view is taken anew: an earlier allocation may have grown the heap. */
  clearBytes(pointer: number, bytes: number): void {
    this.backend.wasm.HEAPU8.fill(0, pointer, pointer + bytes);
  }

  /**
   * A block of at least `bytes`, 64-byte aligned, with undefined contents, valid until the next call. Between kernels
   * no more than 32 MiB stay allocated once a smaller request has come.
   */
  scratch(bytes: number): number {
    return this.ownScratch.at(bytes);
  }

  /** Another such block, for what the threads of one call need besides: a kernel's own scratch is in use meanwhile. */
  threadScratch(bytes: number): number {
    return bytes === 0 ? 0 : this.sharedScratch.at(bytes);
  }

  /** Writes addresses into scratch, as `dotRows` and `combineRows` read them. Valid as long as scratch is. */
  addressList(addresses: readonly number[]): number {
    const list = this.scratch(4 * addresses.length);
    new Uint32Array(this.backend.wasm.HEAPU8.buffer, list, addresses.length).set(addresses);
    return list;
  }

  /** Gives the scratch back to tfjs's heap. The next kernel that needs some asks again. */
  dispose(): void {
    this.ownScratch.free();
    this.sharedScratch.free();
  }
}
