#!/bin/sh
# Node with relaxed SIMD, which Node 20 and 21 have only behind a flag that newer ones no longer know.
# Emscripten runs the module that it links to generate embind's glue, so it needs this too (EM_NODE_JS).
flag=--experimental-wasm-relaxed-simd
node --v8-options | grep -q -e "$flag" || flag=
exec node $flag "$@"
