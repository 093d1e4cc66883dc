// The whole module. It imports tfjs's memory, owns no data, stack or globals in it, and writes only through the
// pointers it is handed.
export { copyBlock, packRows, packTransposed } from './pack';
export { convolveNarrow, narrowScratchBytes } from './narrow';
export { gemm, gemmScratchBytes } from './gemm';
export { combineRows, dotRows } from './gemv';
export { convolve } from './convolve';
export { filterGradient } from './filter-gradient';
export { firstOutside, gather } from './gather';
export { transpose } from './transpose';
export { addBias } from './bias';
export { averagePoolGradient } from './average-pool';
export { depthwiseFilterGradient, depthwiseScatter, expandWindow, foldWindow } from './depthwise';
export { clip } from './clip';
export { depthwise } from './depthwise-forward';
export { maxPoolGradient, maxPoolWithArgmax } from './max-pool';
export { pool } from './pool';
export { repeatBlocks } from './repeat';
export { segmentSum, sumLeading, sumTrailing } from './reduce';
export { winogradConvolve, winogradFilterGradient, winogradScratchBytes } from './winograd';
export { transformFilter, transformFilterGradient } from './winograd-transforms';
export { logisticSlope } from './slope';
export { tanh } from './tanh';
export { tile } from './tile';
export { addRows, multiplyRows, subtractRows } from './elementwise';
