// Entry: mounts the page.
import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { ensureKnownLanguage } from './lib/language.ts';

ensureKnownLanguage();
mount(App, { target: document.getElementById('app')! });
