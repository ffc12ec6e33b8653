// What encoder–decoders and models of pictures have of their own; all else of Explore is one for every model.
export { default as Input } from './ViewedInput.svelte';
export { default as Looks } from './ViewedLooks.svelte';
