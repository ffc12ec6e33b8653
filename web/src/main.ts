// Entry: mounts the page and, in the built page, keeps it for offline use.
import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { keepForOffline } from './lib/offline.ts';

mount(App, { target: document.getElementById('app')! });
if (import.meta.env.PROD) keepForOffline();
