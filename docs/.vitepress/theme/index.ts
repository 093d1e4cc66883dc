import DefaultTheme from 'vitepress/theme';
import type { Theme } from 'vitepress';
import SiteLayout from './SiteLayout.vue';
import RunnableProgram from './RunnableProgram.vue';
import './style.css';

const theme: Theme = {
  extends: DefaultTheme,
  Layout: SiteLayout,
  enhanceApp: ({ app }) => {
    app.component('RunnableProgram', RunnableProgram);
  },
};

export default theme;
