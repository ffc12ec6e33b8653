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

// Whether what runs is to end: whoever made the module may give it `isInterrupted`.
addToLibrary({
  attention_lab_is_interrupted: () => Module['isInterrupted']?.() ?? false,
});
