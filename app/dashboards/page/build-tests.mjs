// Bundles the tests into dist/tests, where node runs them.
import { readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist/tests', { recursive: true, force: true });
await build({
  entryPoints: readdirSync('tests')
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `tests/${file}`),
  outdir: 'dist/tests',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
});
