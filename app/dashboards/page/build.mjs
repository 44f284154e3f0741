// Builds the page into dist/: bundled, with the icons and fonts that it fetches by path, everything compressed beforehand.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { licences } from './licences.mjs';

const out = 'dist/page';
const compressed = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt']);

// Texts of errors in fifty languages, none of which is ever shown.
const withoutTranslations = {
  name: 'without-translations',
  setup(bundler) {
    bundler.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({ contents: "export { default as en } from './en.js';", resolveDir: dirname(path) }));
  },
};

rmSync(out, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { page: 'src/main.tsx' },
  outdir: `${out}/assets`,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  metafile: true,
  plugins: [withoutTranslations],
  legalComments: 'none',
  // Time zones of ten years, not of a century and a half.
  alias: { 'moment-timezone': 'moment-timezone/builds/moment-timezone-with-data-10-year-range.js' },
  loader: { '.svg': 'file', '.ttf': 'file', '.woff2': 'file' },
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  logLevel: 'warning',
});

const files = Object.keys(metafile.outputs).map((file) => file.slice(out.length));
const find = (ending) => files.find((file) => file.endsWith(ending));
const style = find('.css');
writeFileSync(
  `${out}/index.html`,
  readFileSync('index.html', 'utf8')
    .replace('<!-- style -->', style ? `<link rel="stylesheet" href="${style}">` : '')
    .replace('<!-- script -->', `<script type="module" src="${find('.js')}"></script>`),
);

cpSync('icons/page.svg', `${out}/icon.svg`);
writeFileSync(`${out}/licences.txt`, licences(Object.keys(metafile.inputs), ['inter-ui', '@fontsource/roboto-mono']));

// Grafana's packages fetch icons and fonts from where Grafana serves them. The fonts are no part of these packages.
const icons = `${out}/public/build/img/icons`;
cpSync('node_modules/@grafana/ui/dist/public/img/icons', icons, { recursive: true });
mkdirSync(`${out}/public/fonts/inter`, { recursive: true });
mkdirSync(`${out}/public/fonts/roboto`, { recursive: true });
for (const face of ['Regular', 'Medium', 'Italic', 'MediumItalic']) {
  cpSync(`node_modules/inter-ui/web/Inter-${face}.woff2`, `${out}/public/fonts/inter/Inter-${face}.woff2`);
}
cpSync(
  'node_modules/@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2',
  `${out}/public/fonts/roboto/L0xTDF4xlVMF-BfR8bXMIhJHg45mwgGEFl0_3vrtSM1J-gEPT5Ese6hmHSh0mQ.woff2`,
);
// Icons that the package lacks, although its components ask for them.
for (const icon of ['angle-double-left', 'spinner', 'sync-slash']) {
  cpSync(`icons/${icon}.svg`, `${icons}/unicons/${icon}.svg`);
}

for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  // What fits into a packet gains nothing.
  if (entry.isFile() && compressed.has(extname(file)) && statSync(file).size > 1400) {
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
  }
}
