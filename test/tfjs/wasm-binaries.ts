// The bundled WASM backend would look for its binaries beside the bundle.
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

setWasmPaths(process.env.WASM_BINARIES ?? '');
