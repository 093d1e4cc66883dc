// Child processes whose output is kept for the moment it is needed: when they fail.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this repository, without a slash at the end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The path of a command line tool from this repository's own dev dependencies. */
export const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Runs a command to its end, with further variables of the environment; rejects, with all that it wrote in `output`, unless it exits with 0. */
export function run(command, args, { cwd, variables = {} }) {
  return new Promise((resolve, reject) => {
    // A scratch project is a stranger: it must not see what npm tells the scripts of this one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
    const child = spawn(command, args, {
      cwd,
      env: { ...env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (data) => {
      stdout += data;
      output += data;
    });
    child.stderr.on('data', (data) => (output += data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve({ stdout, output });
      else reject(Object.assign(new Error(`${command} ${args[0]} exited with ${code}`), { output }));
    });
  });
}

/** The last `count` lines of a text, indented, for a report. */
export function lastLines(text, count) {
  const lines = text.trimEnd().split('\n');
  const cut = lines.length > count ? [`… ${lines.length - count} lines before these`] : [];
  return [...cut, ...lines.slice(-count)].map((line) => `      ${line}`).join('\n');
}
