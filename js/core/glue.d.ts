// The Emscripten glue, written into dist/ by the build: one for every variant.
import type { NativeModuleFactory } from './native.js';

declare const createNativeModule: NativeModuleFactory;
export default createNativeModule;
