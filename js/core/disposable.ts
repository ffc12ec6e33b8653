// What is given back by dispose(), or by `using`; declares Symbol.dispose as @types/node does, for TypeScript before 5.2 and
// projects without the library esnext.disposable.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
  interface Disposable {
    [Symbol.dispose](): void;
  }
}

export interface DisposableObject {
  /** Gives back what the object holds. May be called twice; anything else afterwards throws `disposed`. */
  dispose(): void;
  /** The same, at the end of a block with `using`. */
  [Symbol.dispose](): void;
}
