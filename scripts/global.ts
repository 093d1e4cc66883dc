/** What `tfCurvature` has on a page that loads the package by a <script> tag: the main entry point and the kernels. */

export * from '../src/index.js';
export * from '../src/wasm/index.js';
