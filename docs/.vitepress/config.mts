import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type DefaultTheme, type MarkdownRenderer } from 'vitepress';
import { programOf } from '../../scripts/page-programs.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const docs = join(root, 'docs');
const { homepage, repository, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  homepage: string;
  repository: { url: string };
  version: string;
};
const sources = repository.url.replace(/^git\+|\.git$/g, '');

/** The folder of the server that the site is published in: its address stands in package.json alone. */
const base = new URL(homepage).pathname;

type Items = DefaultTheme.SidebarItem[];

/** What TypeDoc found: it puts the entry points `tfjs-curvature/…` inside of `tfjs-curvature`, here they stand beside it. */
function apiSidebar(): Items {
  const file = join(docs, 'api/typedoc-sidebar.json');
  const [main] = JSON.parse(readFileSync(file, 'utf8')) as Items;
  const { text: name, items: inside = [], ...item } = main!;
  const others = inside.filter(({ link }) => link != null);
  const kinds = inside.filter(({ link }) => link == null);
  const entryPoints: Items = [
    { ...item, text: name, items: kinds },
    ...others.map(({ text, ...other }) => ({ ...other, text: `${name}/${text}` })),
  ];
  return entryPoints.map(({ link, items: kinds = [], ...entryPoint }) => ({
    ...entryPoint,
    link,
    // One that can be folded needs a link: the button to fold it must not lie inside of another.
    items: kinds.map((kind) => ({ link: `${link}#${kind.text?.toLowerCase().replace(' ', '-')}`, ...kind })),
  }));
}

const page = (text: string, link: string) => ({ text, link: `/${link}` });

/** The pages as they are read, and those that stand in the folder without being named here. */
const sidebar: Items = [
  {
    text: 'Start',
    items: [
      page('Getting started', 'getting-started'),
      page('How to', 'how-to'),
      page('Gallery', 'gallery'),
      page('What it is for', 'uses'),
      page('Concepts', 'concepts'),
      page('Which solver, which operator', 'choosing'),
    ],
  },
  {
    text: 'Train',
    items: [
      page('Training with NSGD', 'training-with-nsgd'),
      page('Options of NSGD', 'nsgd-api'),
      page('Derivatives of any order', 'derivatives'),
    ],
  },
  {
    text: 'Where it runs',
    items: [
      page('In the browser', 'in-the-browser'),
      page('In workers', 'in-workers'),
      page('On many machines', 'many-machines'),
      page('In Node on a GPU', 'node-webgpu'),
    ],
  },
  {
    text: 'Trust',
    items: [
      page('Compared with others', 'compared'),
      page('Every op', 'ops'),
      page('Numerics', 'numerics'),
      page('What is promised', 'promises'),
      page('Benchmarks', 'benchmarks'),
      page('Benchmarks: kernels', 'benchmarks-kernels'),
      page('Benchmarks: solvers', 'benchmarks-solvers'),
    ],
  },
  {
    text: 'Research',
    items: [page('The paper, reproduced', 'paper'), page('Sources', 'sources'), page('Cite this', 'cite')],
  },
];

/** Where a link of a page leads: to another page, or to the sources for what the site does not hold. */
function leadOut(href: string, file: string): string {
  const [path, anchor] = href.split('#');
  if (/^[a-z]+:|^\/|^$/.test(path!)) return href;
  const target = resolve(dirname(file), path!);
  if (!relative(docs, target).startsWith('..')) return href;
  return `${sources}/blob/main/${relative(root, target)}${anchor ? `#${anchor}` : ''}`;
}

/** Tables and blocks of text as a phone, a keyboard and a screen reader can use them. */
function renderForAll(md: MarkdownRenderer): void {
  const { rules } = md.renderer;
  // What is wider than a phone scrolls by itself.
  rules.table_open = () => '<div class="wide" tabindex="0"><table>';
  rules.table_close = () => '</table></div>';
  rules.code_block = (tokens, i) =>
    `<pre class="wide" tabindex="0"><code>${md.utils.escapeHtml(tokens[i]!.content)}</code></pre>\n`;
  // The corner of a table is the heading of nothing.
  rules.th_open = (tokens, i) => (tokens[i + 1]!.content === '' ? '<td>' : '<th scope="col">');
  rules.th_close = (tokens, i) => (tokens[i - 1]!.content === '' ? '</td>' : '</th>');
}

export default defineConfig({
  title: 'tfjs-curvature',
  description: 'Exact Hessian products, eigenvalues and sharpness for TensorFlow.js.',
  lang: 'en',
  base,
  outDir: '../out/site',
  cacheDir: '../node_modules/.cache/vitepress',
  srcExclude: ['paper/**'],
  cleanUrls: false,
  // A link to nowhere ends the build.
  ignoreDeadLinks: [/^https?:\/\/localhost/],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      md.core.ruler.push('lead-out', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null;
          if (href != null) token.attrSet('href', leadOut(href, (env as { path: string }).path));
        }
      });
      renderForAll(md);
    },
  },
  // A page whose code is a program can be run at its end.
  transformPageData: ({ relativePath }) => {
    const program = relativePath.startsWith('api/') ? '' : programOf(join('docs', relativePath));
    return { program } as object;
  },
  vite: {
    // toPng draws with a package for Node alone.
    worker: { format: 'es', rollupOptions: { external: ['@resvg/resvg-js'] } },
    build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
    resolve: {
      alias: ['', '/wasm', '/plot', '/workers', '/nats'].map((entry) => ({
        find: new RegExp(`^tfjs-curvature${entry}$`),
        replacement: join(root, `src${entry}/index.ts`),
      })),
    },
  },
  themeConfig: {
    nav: [
      page('Guide', 'getting-started'),
      page('Gallery', 'gallery'),
      page('API', 'api/'),
      { text: 'Live', link: '/live/index.html', target: '_self' },
    ],
    sidebar: { '/api/': apiSidebar(), '/': sidebar },
    search: { provider: 'local' },
    notFound: { linkLabel: 'Take me home' },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: 'github', link: sources, ariaLabel: 'Sources' }],
    footer: { message: `Version ${version}, MIT licence` },
  },
});
