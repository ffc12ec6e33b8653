// What the package's declarations (dist/types) say: the exported types and the public members of a class.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { paths } from '../../scripts/lib/paths.mjs';

const { exports } = JSON.parse(readFileSync(join(paths.root, 'package.json'), 'utf8'));

/** Entry ('.', './worker', …) → its declaration file. */
const entries = Object.fromEntries(
  Object.entries(exports).flatMap(([name, { types }]) =>
    types ? [[name, join(paths.root, types)]] : [],
  ),
);

export function readDeclarations() {
  const program = ts.createProgram(Object.values(entries), {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
    strict: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();

  /** Name → symbol of all that an entry exports. */
  const exported = (entry) => {
    const file = program.getSourceFile(entries[entry]);
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
    return new Map(
      symbols.map((symbol) => [
        symbol.name,
        symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
      ]),
    );
  };

  /** Public members of an exported class or interface: name → { method, overloads, parameters, text }. */
  const members = (entry, type) => {
    const symbol = exported(entry).get(type);
    const found = new Map();
    for (const property of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))) {
      const [declaration] = property.declarations ?? [];
      const flags = declaration ? ts.getCombinedModifierFlags(declaration) : 0;
      if (flags & (ts.ModifierFlags.Protected | ts.ModifierFlags.Private)) continue;
      if (property.name.startsWith('#') || property.name.startsWith('__#')) continue;
      const name = property.name.startsWith('__@dispose') ? 'Symbol.dispose' : property.name;
      const own = checker.getTypeOfSymbol(property);
      const signatures = own.getCallSignatures();
      found.set(name, {
        method: signatures.length > 0,
        overloads: signatures.length,
        parameters: signatures[0]?.parameters.length,
        text: signatures.map((each) => checker.signatureToString(each)).join('; '),
      });
    }
    return found;
  };

  return { program, exported, members };
}
