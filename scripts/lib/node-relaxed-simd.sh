#!/bin/sh
# Node with relaxed SIMD, which Node 20 and 21 have only behind a flag that newer ones no longer know.
# Emscripten runs the module that it links to generate embind's glue, so it needs this too (EM_NODE_JS).
# Where they have it, their baseline compiler gets relaxed_dot wrong (js/core/variant.ts): the optimising one compiles everything.
flags=--experimental-wasm-relaxed-simd
node --v8-options | grep -q -e "$flags" && flags="$flags --no-liftoff" || flags=
exec node $flags "$@"
