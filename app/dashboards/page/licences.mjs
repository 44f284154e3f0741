// The licences of the packages that are in the page, as one text.
import { readdirSync, readFileSync } from 'node:fs';

/** `inputs` are the files that were bundled, `others` packages whose files were copied. */
export function licences(inputs, others) {
  const bundled = inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  const folders = [...new Set([...bundled, ...others.map((name) => `node_modules/${name}`)])].sort();
  return folders.map(licence).join(`\n${'-'.repeat(80)}\n\n`);
}

function licence(folder) {
  const { name, version, license, texts } = describe(folder);
  return [`${name} ${version} (${license})`, ...texts].join('\n\n') + '\n';
}

/** Name, version, licence and its texts. A package that does not name its licence may have it as a text. */
export function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)[^.]*(\.md|\.txt)?$/i.test(file));
  const texts = files.map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim());
  const isUnlicense = texts.some((text) => text.startsWith('This is free and unencumbered software released into the public domain.'));
  return { name, version, license: license ?? (isUnlicense ? 'Unlicense' : 'unknown'), texts };
}
