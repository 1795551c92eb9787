// Bundles page.jsx with GraphiQL into one HTML file and compresses it, and writes the NOTICE with the
// licences of what is in the bundle. Run it through build.sh.
import { build } from 'esbuild';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import path from 'node:path';
import { Script } from 'node:vm';

const [out] = process.argv.slice(2);
const result = await build({
  entryPoints: ['page.jsx'],
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  outdir: 'bundle',
  format: 'iife',
  target: 'es2020',
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
});
const text = suffix => result.outputFiles.find(f => f.path.endsWith(suffix)).text.trim();
// Inside a script element <!-- and <script change how the browser looks for its end.
const script = text('.js').replace(/<(?=!--|script)/gi, '\\x3C');
new Script(script); // throws if that broke it
const style = text('.css');
if (/<\/script/i.test(script) || /<\/style/i.test(style)) {
  throw new Error('the bundle would end its own element');
}
const html = readFileSync('page.html', 'utf8')
  .replace('/*style*/', () => style)
  .replace('/*script*/', () => script);
const packed = gzipSync(html, { level: 9 });
packed[9] = 255; // the operating system is nobody's business: the same input gives the same bytes
writeFileSync(path.join(out, 'graphiql.html.gz'), packed);

const packages = new Map();
for (const file of Object.keys(result.metafile.inputs)) {
  const at = file.lastIndexOf('node_modules/');
  if (at < 0) continue;
  const [scope, name] = file.slice(at + 'node_modules/'.length).split('/');
  const folder = file.slice(0, at) + 'node_modules/' + (scope.startsWith('@') ? scope + '/' + name : scope);
  packages.set(folder, JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')));
}
// standardText is the licence of a package that names it but holds no text of it.
function standardText(p) {
  if (p.license !== 'MIT') throw new Error(`${p.name}: no text of the ${p.license} licence`);
  const react = readFileSync('node_modules/react/LICENSE', 'utf8').split('\n\n'); // the MIT licence's own words
  return 'MIT License\n\n' + react.slice(2).join('\n\n').trim();
}

const licences = new Map(); // text → packages
for (const [folder, p] of [...packages].sort((a, b) => (a[1].name < b[1].name ? -1 : 1))) {
  const file = readdirSync(folder).find(f => /^licen[cs]e/i.test(f));
  const licence = file ? readFileSync(path.join(folder, file), 'utf8').replace(/\r/g, '').replace(/[ \t]+$/gm, '').trim() : '';
  const author = typeof p.author === 'string' ? p.author : p.author?.name;
  const key = licence || `${author ? 'Copyright (c) ' + author + '\n' : ''}${standardText(p)}`;
  licences.set(key, [...(licences.get(key) ?? []), `${p.name} ${p.version} (${p.license})`]);
}
let notice = 'graphiql.html.gz contains the following packages under the following licences.\n';
for (const [licence, names] of licences) {
  notice += '\n' + '-'.repeat(78) + '\n' + names.join('\n') + '\n\n' + licence + '\n';
}
writeFileSync(path.join(out, 'NOTICE'), notice);
console.log(`${packages.size} packages, ${html.length} characters, ${packed.length} bytes compressed`);
