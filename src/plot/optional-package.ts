/** A package that drawing needs is not installed. The message says how to install it. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError';

  /**
   * An error about packages that are not installed, whose message says how to install them.
   *
   * @param where public function that needs the package
   * @param packages all packages the function needs
   * @param cause what importing them threw
   */
  constructor(
    readonly where: string,
    readonly packages: readonly string[],
    cause: unknown,
  ) {
    const list = packages.join(' ');
    const [those, found] = packages.length > 1 ? ['packages', 'one missing'] : ['package', 'it missing'];
    super(
      `${where}: expected the optional ${those} ${list} to be installed, found ${found}. Run: npm install ${list}`,
      { cause },
    );
  }
}

/**
 * What to throw where importing optional packages failed: a {@link MissingPackageError} where one is not installed, any
 * other failure as it is.
 *
 * The `import()` itself stands in a `try` where it is used: bundlers take it for optional only there.
 */
export function importFailure(where: string, packages: readonly string[], error: unknown): unknown {
  return isNotFound(error, packages) ? new MissingPackageError(where, packages, error) : error;
}

// A package that is there but lacks something itself is broken, and says so better than we could.
function isNotFound(error: unknown, packages: readonly string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
    packages.some((name) => error.message.includes(`'${name}'`))
  );
}
