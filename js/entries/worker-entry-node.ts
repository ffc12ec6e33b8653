// The script of a Node worker thread: serves a runtime over the thread's port.
import { parentPort } from 'node:worker_threads';
import { createRuntime } from './node.js';
import { serve } from '../worker/server.js';

serve(
  {
    post: (message, transfer) => parentPort!.postMessage(message, transfer),
    listen: (receive) => parentPort!.on('message', receive),
  },
  createRuntime,
);
