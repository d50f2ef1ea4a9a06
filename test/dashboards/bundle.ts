import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The drawing code with Grafana's components as one script and one style sheet, for a page without a server. */
export async function bundlePage(): Promise<{ readonly script: string; readonly style: string }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('draw/page.tsx', import.meta.url))],
    bundle: true,
    write: false,
    outdir: 'out',
    format: 'iife',
    target: 'chrome120',
    jsx: 'automatic',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.woff': 'empty', '.ttf': 'empty', '.woff2': 'dataurl', '.svg': 'text' },
    logLevel: 'error',
  });
  const [script, style] = ['.js', '.css'].map((end) => outputFiles.find(({ path }) => path.endsWith(end))!.text);
  return { script: script!, style: style! };
}
