// Writes scripts/licences/*.txt: the notices of what the compiler puts into the wasm and its glue, from the toolchain's own files.
// Run it when the toolchain changes: node scripts/toolchain-licences.mjs ROOT, where ROOT holds Debian's usr/.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2];
if (root === undefined) throw new Error('usage: node scripts/toolchain-licences.mjs ROOT');
const target = fileURLToPath(new URL('licences', import.meta.url));
const read = (path) => readFileSync(join(root, 'usr', path), 'utf8').trim();
const common = (name) => read(`share/common-licenses/${name}`);

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const exception = `---- LLVM Exceptions to the Apache 2.0 License ----

As an exception, if, as a result of your compiling your source code, portions of this Software are embedded into an
Object form of such source code, you may redistribute such embedded portions in such Object form without complying with
the conditions of Sections 4(a), 4(b) and 4(d) of the License.

In addition, if you combine or link compiled forms of this Software with software that is licensed under the GPLv2
("Combined Software") and if a court of competent jurisdiction determines that the patent provision (Section 3), the
indemnity provision (Section 9) or other Section of the License conflicts with the conditions of the GPLv2, you may
retroactively and prospectively choose to deem waived or otherwise exclude such Section(s) of the License, but only in
their entirety and only with respect to the Combined Software.`;

const notices = {
  eigen: `Eigen (MPL-2.0), https://gitlab.com/libeigen/eigen. Its sources are there, unmodified; compiled with EIGEN_MPL2_ONLY.\n\n${common('MPL-2.0')}`,
  emscripten: `Emscripten's runtime and glue (MIT), https://github.com/emscripten-core/emscripten\n\nCopyright (c) 2010-2024 Emscripten authors, see its AUTHORS file.\n\n${mit}`,
  musl: `musl (MIT), https://musl.libc.org, as Emscripten's C library\n\n${read('share/emscripten/system/lib/libc/musl/COPYRIGHT')}`,
  llvm: `libc++, libc++abi, libunwind and compiler-rt (Apache-2.0 WITH LLVM-exception), https://llvm.org, parts linked into the wasm\n\n${common('Apache-2.0')}\n\n${exception}`,
  dlmalloc: `dlmalloc by Doug Lea (public domain, CC0-1.0), as Emscripten's malloc: http://creativecommons.org/publicdomain/zero/1.0/`,
};
mkdirSync(target, { recursive: true });
for (const [name, text] of Object.entries(notices))
  writeFileSync(join(target, `${name}.txt`), `${text}\n`);
