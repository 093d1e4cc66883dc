/** Runs an example by name: `npm run example -- pinn`. */
const examples = {
  pinn: () => import('./pinn/main.js'),
  'gradient-penalty': () => import('./gradient-penalty/main.js'),
  uses: () => import('./uses/main.js'),
};

const example = process.argv[2] ?? '';
if (Object.hasOwn(examples, example)) {
  await examples[example as keyof typeof examples]();
} else {
  console.error(`npm run example -- NAME, where NAME is one of: ${Object.keys(examples).join(', ')}`);
  process.exitCode = 1;
}

export {};
