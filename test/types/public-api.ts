import ts from 'typescript';

/** What a public name is, written down: a line for each signature or member. */
export function describeExports(program: ts.Program, entryPoint: string): string {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entryPoint)!)!;
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: symbol.name, symbol: resolved(symbol, checker) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, symbol }) => describeSymbol(name, symbol, checker).join('\n'))
    .join('\n');
}

function resolved(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function describeSymbol(name: string, symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  const declaration = symbol.declarations![0]!;
  if (ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)) {
    const kind = ts.isClassDeclaration(declaration) ? 'class' : 'type';
    const heading = [
      `${kind} ${name}${parameters(declaration)}`,
      ...foreignBases(checker.getDeclaredTypeOfSymbol(symbol)),
    ].join(' ');
    const own = [...signatures(symbol, declaration, checker), ...members(symbol, declaration, checker)];
    return [heading, ...own.map((line) => `  ${line}`)];
  }
  if (ts.isTypeAliasDeclaration(declaration)) {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    if (isRecord(type, declaration)) {
      return [`type ${name}`, ...members(symbol, declaration, checker).map((line) => `  ${line}`)];
    }
    return [`type ${name}${parameters(declaration)} = ${print(declaration.type)}`];
  }
  const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
  const calls = type.getCallSignatures();
  if (calls.length === 0) return [`const ${name}: ${textOf(type, declaration, checker)}`];
  return calls.map((call) => `function ${name}${signatureText(call, declaration, checker)}`);
}

/** What a class or an interface extends of other packages, also by way of ours, whose members are among its own. */
function foreignBases(type: ts.Type): string[] {
  return (type.getBaseTypes() ?? []).flatMap((base) => {
    const isNamed = base.symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface);
    if (!isNamed || base.symbol.declarations!.some(isOurs)) return foreignBases(base);
    return [`extends ${base.symbol.name}`];
  });
}

/** Whether a type is an object with members of ours, such as the options that a schema describes. */
function isRecord(type: ts.Type, { typeParameters }: ts.TypeAliasDeclaration): boolean {
  const isObject = (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0;
  return (
    isObject &&
    typeParameters == null &&
    type.getCallSignatures().length === 0 &&
    type.getProperties().some((member) => member.declarations?.some(isOurs) === true)
  );
}

/** How an object of a class is made, or that of an interface is called. */
function signatures(symbol: ts.Symbol, at: ts.Declaration, checker: ts.TypeChecker): string[] {
  const calls = checker.getDeclaredTypeOfSymbol(symbol).getCallSignatures();
  const made = ts.isClassDeclaration(at)
    ? checker.getTypeOfSymbolAtLocation(symbol, at).getConstructSignatures()
    : [];
  return [
    ...made.map((signature) => `new ${signatureText(signature, at, checker)}`),
    ...calls.map((signature) => signatureText(signature, at, checker)),
  ];
}

/** The public members, inherited ones too, but for those of other packages. */
function members(symbol: ts.Symbol, at: ts.Declaration, checker: ts.TypeChecker): string[] {
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .filter((member) => member.declarations?.some(isOurs) === true && isVisible(member))
    .flatMap((member) => {
      const type = checker.getTypeOfSymbolAtLocation(member, at);
      const mark = member.flags & ts.SymbolFlags.Optional ? '?' : '';
      const calls = type.getCallSignatures();
      if (member.flags & ts.SymbolFlags.Method && calls.length > 0) {
        return calls.map((call) => `${member.name}${mark}${signatureText(call, at, checker)}`);
      }
      const readonly = isReadonly(member) ? 'readonly ' : '';
      return [`${readonly}${member.name}${mark}: ${textOf(type, at, checker)}`];
    })
    .sort();
}

function isOurs(declaration: ts.Declaration): boolean {
  return !declaration.getSourceFile().fileName.includes('/node_modules/');
}

/** Members under a symbol of JavaScript are between files of ours. */
function isVisible(member: ts.Symbol): boolean {
  if (member.name.startsWith('__@')) return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return member.declarations!.every((declaration) => !(ts.getCombinedModifierFlags(declaration) & hidden));
}

function isReadonly({ flags, declarations }: ts.Symbol): boolean {
  const hasGetter = (flags & ts.SymbolFlags.GetAccessor) !== 0;
  const hasSetter = (flags & ts.SymbolFlags.SetAccessor) !== 0;
  const isMarked = declarations!.some(
    (declaration) => ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly,
  );
  return isMarked || (hasGetter && !hasSetter);
}

const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

function textOf(type: ts.Type, at: ts.Node, checker: ts.TypeChecker): string {
  return withoutSpace(checker.typeToString(type, at, flags));
}

function signatureText(signature: ts.Signature, at: ts.Node, checker: ts.TypeChecker): string {
  return withoutSpace(checker.signatureToString(signature, at, flags));
}

function parameters({ typeParameters }: { typeParameters?: ts.NodeArray<ts.Node> }): string {
  return typeParameters == null ? '' : `<${typeParameters.map((one) => one.getText()).join(', ')}>`;
}

function print(node: ts.Node): string {
  return withoutSpace(
    ts.createPrinter({ removeComments: true }).printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()),
  );
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, ' ');
}
