// What lies where a file of data or weights should be, when it was not fetched as it should have been.

/** So many bytes from the beginning tell. */
export const TELLING_BYTES = 256;

/** No format begins with so many. */
const FEWEST_ZEROS = 64;

const KINDS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^version https:\/\/git-lfs\.github\.com\/spec\//, 'a git-lfs pointer, which stands for the file; fetch the file itself with git lfs pull'],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b/i, 'a web page, which a server sent in its place; download the file anew'],
];

/**
 * Recognises an empty file, one of zeros, a git-lfs pointer and a web page.
 * @param start the file's first bytes, TELLING_BYTES or all
 * @returns what it is and what helps, after 'got'; undefined for anything else
 */
export function foreignContent(start: Uint8Array): string | undefined {
  if (start.length === 0) return 'an empty file; copy or download it anew';
  if (start.length >= FEWEST_ZEROS && start.every((byte) => byte === 0)) return 'nothing but zeros, as a copy that was stopped leaves; copy the file anew';
  const text = new TextDecoder('latin1').decode(start.slice(0, TELLING_BYTES));
  return KINDS.find(([pattern]) => pattern.test(text))?.[1];
}
