// The licences of everything that a package ships besides our own code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\.|$)/i;
const RULE = `\n${'-'.repeat(80)}\n\n`;

/**
 * THIRD-PARTY-NOTICES: name, version, licence and its text for each package folder.
 * @param {readonly string[]} folders
 * @returns {string}
 */
export function formatNotices(folders) {
  const notices = folders.map((folder) => formatNotice(folder, readManifest(folder)));
  const introduction = 'tcpstate-exporter contains the following packages, each under its own licence.\n';
  return [introduction, ...notices.sort(byText)].join(RULE);
}

/**
 * SPDX names of the licences of package folders, sorted.
 * @param {readonly string[]} folders
 * @returns {string[]}
 */
export function namesOfLicences(folders) {
  return [...new Set(folders.map((folder) => readManifest(folder).license))].sort(byText);
}

function formatNotice(folder, { name, version, license, author, homepage }) {
  if (typeof license !== 'string') throw new Error(`${name} does not say what its licence is`);
  const texts = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort(byText)
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim());
  const by = typeof author === 'object' ? author.name : author;
  const missing = [`The package has no file with the text of its licence.`, by && `Author: ${by}`, homepage];
  return `${name} ${version}\nLicence: ${license}\n\n${texts.join('\n\n') || missing.filter(Boolean).join('\n')}\n`;
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function byText(left, right) {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
