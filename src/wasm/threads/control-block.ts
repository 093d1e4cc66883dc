/*
 * What the threads share besides the heap: one block of memory through which the calling thread hands out the chunks of a
 * job. First 32-bit cells, read and written atomically, then the job itself as 64-bit floats and the text of an error.
 *
 * The state cell holds the number of the job and, in its low byte, how many of its chunks are not taken. Whoever is free takes
 * one by an exchange that succeeds only where both are as they were read, so nobody takes a chunk of another job than the one
 * read. Before the exchange a helper writes what it is about to take into its claim, so that a chunk whose helper has died can
 * be told from one that is being worked on.
 */

/** Most chunks of a job: the low byte of the state counts them. */
export const MOST_CHUNKS = 255;
/** Most helpers: each has a claim. */
export const MOST_HELPERS = 63;
/** Jobs are numbered from 1 to this, which leaves the state positive. */
export const LAST_JOB = (1 << 23) - 1;
/** Longest message of an error, in UTF-16 units. */
export const LONGEST_MESSAGE = 200;

/** Places of the cells. */
export const CELLS = {
  state: 0,
  /** How many helpers sleep until the state changes. */
  sleepers: 1,
  /** 1 while the calling thread sleeps until a chunk is done. */
  waiting: 2,
  /** 1 when helpers are to end. */
  stop: 3,
  /** The number of the last job in which a helper has thrown. */
  failed: 4,
  messageLength: 5,
  /** What helper number i, from 1 on, has taken or is about to take; 0 for nothing. */
  claims: 8,
  /** The number of the last job whose chunk i is done. */
  done: 8 + MOST_HELPERS + 1,
  count: 8 + MOST_HELPERS + 1 + MOST_CHUNKS + 1,
} as const;

/** Places of the job's numbers. */
export const JOB = {
  /** Number of the function among the module's exports. */
  function: 0,
  /** How many arguments it takes; they start at `arguments`. */
  arguments: 1,
  /** The argument that is divided, how much of it a chunk has, and all of it. */
  sizeAt: 2,
  step: 3,
  size: 4,
  /** The argument that points to what a chunk clears first, and its bytes; −1 for none. */
  clearAt: 5,
  clearBytes: 6,
  /** How many pairs (argument, bytes to add for each chunk) follow the arguments. */
  advances: 7,
  /** How many triples (argument, address for the first helper, bytes between two helpers) follow those. */
  blocks: 8,
  first: 9,
} as const;

/** Room for a job: far more than the longest list of arguments takes. */
const JOB_FLOATS = 128;

const jobOffset = 4 * CELLS.count + ((4 * CELLS.count) % 8);
const messageOffset = jobOffset + 8 * JOB_FLOATS;

/** The block seen as its three parts. */
export interface ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly cells: Int32Array;
  readonly job: Float64Array;
  readonly message: Uint16Array;
}

export function createControlBlock(): ControlBlock {
  const buffer = new SharedArrayBuffer(messageOffset + 2 * LONGEST_MESSAGE);
  return {
    buffer,
    cells: new Int32Array(buffer, 0, CELLS.count),
    job: new Float64Array(buffer, jobOffset, JOB_FLOATS),
    message: new Uint16Array(buffer, messageOffset, LONGEST_MESSAGE),
  };
}

/** How the helpers' source makes the same three parts of `buffer`. */
export const viewsSource = `
  const cells = new Int32Array(buffer, 0, ${CELLS.count});
  const job = new Float64Array(buffer, ${jobOffset}, ${JOB_FLOATS});
  const message = new Uint16Array(buffer, ${messageOffset}, ${LONGEST_MESSAGE});`;
