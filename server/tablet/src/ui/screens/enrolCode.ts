/**
 * The one-time code to enrol with, from a square, a link or somebody's voice.
 *
 * It is twelve characters in three groups, without the letters that look like digits;
 * whoever types one of those means the digit. What was typed is never refused while
 * it is being typed; it is only put into groups.
 */

export const CODE_LENGTH = 12;
const GROUP = 4;

/** Look-alikes → what was meant; the alphabet has none of `i l o u`. */
const MEANT: Record<string, string> = { O: "0", I: "1", L: "1" };

/** The characters of a code, without blanks, hyphens and full-width forms. */
export function bare(typed: string): string {
  return typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .replace(/[OIL]/g, (letter) => MEANT[letter] ?? letter)
    .slice(0, CODE_LENGTH);
}

/** In groups, as it is read out: K7M2-P9Q4-X3F8. */
export const grouped = (typed: string): string =>
  bare(typed).match(new RegExp(`.{1,${GROUP}}`, "g"))?.join("-") ?? "";

export const isWhole = (typed: string): boolean => bare(typed).length === CODE_LENGTH;

/** The code in what a square held: a link to enrol, or the code alone; null for anything else. */
export function codeIn(scanned: string): string | null {
  const inLink = /[#/]enrol\?(?:.*&)?code=([^&\s]+)/.exec(scanned)?.[1];
  const candidate = inLink ?? (/^[\w\s-]+$/.test(scanned) ? scanned : "");
  return isWhole(candidate) ? grouped(candidate) : null;
}
