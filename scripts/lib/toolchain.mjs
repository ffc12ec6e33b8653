// Finds or installs what compiles C++: a native compiler for the tests, and Emscripten for the wasm.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, candidate, hasApt } from './apt.mjs';
import { debianRoot, debianRootExists } from './debian-root.mjs';
import { ask, which } from './run.mjs';
import { StepFailed } from './steps.mjs';

const oldest = '3.1.69';

const atLeast = (version, minimum) => {
  const [a, b] = [version, minimum].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return (a[i] ?? 0) > (b[i] ?? 0);
  return true;
};

const hasHeader = (path) =>
  ['/usr/include', '/usr/local/include', '/opt/homebrew/include'].some((folder) =>
    existsSync(join(folder, path)),
  );

/** What is missing of the compiler, CMake and the two header libraries, as Debian packages. */
function missingNativeTools({ compiler }) {
  const missing = [];
  if (compiler && !which('c++')) missing.push('g++');
  if (!which('cmake')) missing.push('cmake');
  if (!which('ninja')) missing.push('ninja-build');
  if (!hasHeader('eigen3/Eigen/Core')) missing.push('libeigen3-dev');
  if (!hasHeader('doctest/doctest.h')) missing.push('doctest-dev');
  return missing;
}

async function installNativeTools(options, why) {
  const missing = missingNativeTools(options);
  if (missing.length === 0) return 'up to date';
  if (!hasApt())
    throw new StepFailed(
      `missing: ${missing.join(', ')} (Debian's names). On macOS: xcode-select --install; brew install cmake ninja eigen doctest`,
    );
  await aptInstall(missing, why);
  return `installed ${missing.join(', ')}`;
}

/** The compiler for the native tests. */
export const installCompiler = () =>
  installNativeTools({ compiler: true }, 'the C++ tests need a compiler');

/** Clang with libFuzzer and the sanitizers, for 64 and 32 bits. */
export async function installFuzzCompiler() {
  await installCompiler();
  const major = candidate('clang')?.match(/^\d+/)?.[0] ?? '';
  await aptInstall(
    ['clang', `libclang-rt-${major}-dev`, 'g++-multilib', 'libc6-dev-i386'],
    'the fuzzers of the C++ core need clang, for 32 bits too',
  );
}

/** em++ on the PATH or in $EMSDK, if it is new enough: { folder, version }. */
function ownEmscripten() {
  const { EMSDK } = process.env;
  for (const path of [which('em++'), EMSDK && join(EMSDK, 'upstream', 'emscripten', 'em++')]) {
    const version = path && ask(path, '--version')?.match(/\) (\d+\.\d+\.\d+)/)?.[1];
    if (version && atLeast(version, oldest))
      return { emcmake: path.replace(/em\+\+([^/\\]*)$/, 'emcmake$1'), version };
  }
}

/** Returns how to run CMake with Emscripten: { id, remark, configure, build }, the last two being the start of a command. */
export async function emscripten() {
  let own = ownEmscripten();
  let remark = own && `em++ ${own.version} from the PATH or $EMSDK`;
  if (!own && hasApt() && !debianRootExists() && atLeast(candidate('emscripten') ?? '0', oldest)) {
    await aptInstall(['emscripten'], 'the wasm needs Emscripten');
    own = ownEmscripten();
    remark = own && `em++ ${own.version}, Debian's own`;
  }
  if (own) {
    await installNativeTools({ compiler: false }, 'the wasm is built with CMake');
    return {
      id: `em++ ${own.version}`,
      remark,
      configure: [own.emcmake, 'cmake'],
      build: ['cmake'],
    };
  }
  if (hasApt()) {
    const enter = await debianRoot();
    return {
      id: `private Debian, by ${enter[2]}`,
      remark: `private Debian 13 in ${enter[3]}`,
      configure: [...enter, 'emcmake', 'cmake'],
      build: [...enter, 'cmake'],
    };
  }
  throw new StepFailed(`em++: expected ${oldest} or newer, found none. Install it with these two commands, then start again:

  git clone https://github.com/emscripten-core/emsdk && emsdk/emsdk install latest
  emsdk/emsdk activate latest && export EMSDK="$PWD/emsdk"

and the libraries: brew install cmake ninja eigen doctest (Windows: vcpkg install eigen3 doctest).`);
}
