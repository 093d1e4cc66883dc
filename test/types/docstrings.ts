import ts from 'typescript';

/**
 * What the docstrings of an entry point's functions and methods lack: a line for each that has no text, does not name
 * each of its parameters, or, unless deprecated, shows no example. Methods are shown by the example of their class.
 */
export function missingInDocstrings(program: ts.Program, entryPoint: string): string[] {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entryPoint)!)!;
  return checker.getExportsOfModule(module).flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return target.declarations!.flatMap((declaration) => {
      if (ts.isFunctionDeclaration(declaration)) {
        return [...lacks(symbol.name, target, declaration, checker), ...lacksExample(symbol.name, target)];
      }
      return ts.isClassDeclaration(declaration)
        ? publicMethods(declaration).flatMap((method) => {
            const own = checker.getSymbolAtLocation(method.name)!;
            return lacks(`${symbol.name}.${own.name}`, own, method, checker);
          })
        : [];
    });
  });
}

function publicMethods({ members }: ts.ClassDeclaration): ts.MethodDeclaration[] {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return members
    .filter((member) => ts.isMethodDeclaration(member))
    .filter((method) => ts.isIdentifier(method.name) && !(ts.getCombinedModifierFlags(method) & hidden));
}

function lacks(
  name: string,
  symbol: ts.Symbol,
  { parameters }: ts.FunctionDeclaration | ts.MethodDeclaration,
  checker: ts.TypeChecker,
): string[] {
  // That of what a class implements or extends is its own where it has none.
  const documentation = symbol.getDocumentationComment(checker);
  const tags = symbol.getJsDocTags(checker);
  const described = tags
    .filter((tag) => tag.name === 'param')
    .map(({ text }) => ts.displayPartsToString(text).split(/\s/)[0]);
  const names = parameters.map((parameter) => parameter.name.getText());
  return [
    ...(documentation.length === 0 ? [`${name}: text`] : []),
    ...names.filter((one) => !described.includes(one)).map((one) => `${name}: @param ${one}`),
  ];
}

function lacksExample(name: string, symbol: ts.Symbol): string[] {
  const tags = symbol.getJsDocTags().map((tag) => tag.name);
  return tags.includes('example') || tags.includes('deprecated') ? [] : [`${name}: @example`];
}
