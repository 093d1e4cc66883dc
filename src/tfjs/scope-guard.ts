import { engine } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import { runScopeName } from './run-scope.js';

/** The scopes of `tf.tidy` and `tf.engine().startScope` that are open now, the innermost last. */
interface Scopes {
  readonly scopeStack: readonly { readonly name: string }[];
}

/**
 * Watches the scope of `tf.tidy` in which work begins that goes on after an `await`: when the scope ends, its tensors are
 * disposed under the hands of whoever works.
 *
 * @param where the public function that works
 * @returns to be called after an `await`: throws a CurvatureArgumentError if the scope has ended
 */
export function guardScope(where: string): () => void {
  const scopes = engine().state as unknown as Scopes;
  const begun = scopes.scopeStack.filter(({ name }) => name !== runScopeName).at(-1);
  return () => {
    requireThat(
      begun == null || scopes.scopeStack.includes(begun),
      where,
      'to be called outside of tf.tidy, which ends before the promise is settled',
      'a call from inside of one',
      `Write const result = await ${where}(…) outside, and result.dispose() afterwards where it has that`,
    );
  };
}
