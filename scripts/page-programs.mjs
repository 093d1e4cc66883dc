// The pages as programs: the blocks of a page that are fenced `js`, joined in order, and what the page says they print.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The program on a page, named from the root of the repository; '' where it has none. A program that needs a machine of
 * its own has another word on its fences.
 */
export function programOf(page, fence = 'js') {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = text.matchAll(new RegExp(`^\`\`\`${fence}\\n(.*?)^\`\`\``, 'gms'));
  return Array.from(blocks, (block) => block[1]).join('\n');
}

/** All pages with a program. */
export function pagesWithPrograms() {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))];
  return pages.filter((name) => name.endsWith('.md') && programOf(name) !== '');
}

/** The words, numbers and truth values of a text, in order. */
function tokens(text) {
  return text.match(/true|false|converged|-?\d+(\.\d+)?(e[+-]?\d+)?/g) ?? [];
}

/** What the page says its program prints: the comment behind each print, after an equals sign where there is one. */
function promised(code) {
  const prints = [...code.matchAll(/(?:\.print\(\)|console\.log\(.*\));(?: \/\/ (.*))?$/gm)];
  return prints.flatMap(([print, comment]) => {
    if (comment == null) throw new Error(`the page does not say what ${print} prints`);
    return tokens(comment.split('=').at(-1));
  });
}

/** One in the last digit that a page gives of a number. */
function lastDigit(token) {
  const [mantissa, exponent = '0'] = token.split('e');
  return 10 ** (Number(exponent) - (mantissa.split('.')[1]?.length ?? 0));
}

/** Throws unless a program printed what its page says, numbers to one in their last digit. */
export function checkPrinted(code, stdout) {
  const [printed, expected] = [tokens(stdout), promised(code)];
  const agrees = (token, i) =>
    Number.isNaN(Number(token))
      ? printed[i] === token
      : Math.abs(Number(printed[i]) - Number(token)) <= lastDigit(token);
  if (expected.length === 0 || printed.length !== expected.length || !expected.every(agrees)) {
    throw new Error(`expected ${expected.join(' ')}, received ${printed.join(' ')}\n${stdout}`);
  }
}
