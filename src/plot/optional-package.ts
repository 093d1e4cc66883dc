/** A package that drawing needs is not installed. The message says how to install it. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError';

  /**
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
 * Imports optional packages.
 *
 * @param importing the dynamic imports, written out where they are used, so that bundlers see them
 * @throws MissingPackageError where one is not installed; any other failure of an import is passed on as it is
 */
export async function loadOptional<T>(
  where: string,
  packages: readonly string[],
  importing: () => Promise<T>,
): Promise<T> {
  try {
    return await importing();
  } catch (error) {
    if (isNotFound(error, packages)) throw new MissingPackageError(where, packages, error);
    throw error;
  }
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
