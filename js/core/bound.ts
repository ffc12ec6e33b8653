// Methods that work behind a framework's proxy (Vue's ref, MobX, valtio), where `this` would be the proxy, which has no #fields.

/** Gives an object its methods and accessors as own members, not enumerable, that know it; they may be taken off it, too. */
export function bindMembers(self: object): void {
  for (
    let level = Object.getPrototypeOf(self) as object;
    level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object
  )
    for (const key of Reflect.ownKeys(level)) {
      if (key === 'constructor' || Object.hasOwn(self, key)) continue;
      const member = Object.getOwnPropertyDescriptor(level, key)!;
      for (const part of ['value', 'get', 'set'] as const)
        if (typeof member[part] === 'function')
          member[part] = (member[part] as () => unknown).bind(self);
      Object.defineProperty(self, key, { ...member, enumerable: false });
    }
}
