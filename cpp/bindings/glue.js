// embind registers wide strings and 64-bit integers although no binding here takes one: without their converters the script
// that every browser fetches is smaller.
const nothing = (names) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [name, () => {}],
      [`${name}__deps`, []],
    ]),
  );
addToLibrary(nothing(['_embind_register_std_wstring', '_embind_register_bigint']));
