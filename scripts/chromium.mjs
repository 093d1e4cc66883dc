// Where this machine has a Chromium or Chrome, and the flags under which one without a display has every backend.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a browser: `CHROME_PATH`, or the first known name on the path; null where there is none. */
export function findChromium() {
  const { CHROME_PATH, PATH = '' } = process.env;
  if (CHROME_PATH) return isExecutable(CHROME_PATH) ? CHROME_PATH : null;
  const candidates = PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

/** What to say where {@link findChromium} finds none. */
export const noChromium =
  'No Chromium or Chrome on the path and none at CHROME_PATH: what needs a browser is not run.';

/** WebGL and WebGPU are drawn by SwiftShader, on the CPU: the same arithmetic on every machine. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];
