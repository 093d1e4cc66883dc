// The micro-kernel by itself, a yardstick for measurements.
export { tile } from './internal/tile';
