/**
 * A zip of files that are packed already: photos, so that forty of them are one file to carry.
 *
 * Nothing is compressed. Of the format (APPNOTE.TXT 6.3) it writes what every program reads: a
 * header before each file, a directory of all of them, and an end. Below 4 GB and 65,536 files.
 */
import { crcOfBytes } from "./digests";
import type { Bytes } from "./pictures";

export interface Zipped {
  /** ASCII. */
  readonly name: string;
  readonly bytes: Bytes;
  readonly atMs: number;
}

export function zip(files: readonly Zipped[]): Blob {
  const parts: Bytes[] = [];
  const directory: Bytes[] = [];
  let at = 0;
  for (const { name, bytes, atMs } of files) {
    const path = new TextEncoder().encode(name) as Bytes;
    const [time, date] = dosTime(atMs);
    // Version, flags, method, time, date, CRC-32, size packed and plain, length of the name.
    const about: Part[] = [[2, 20], [2, 0], [2, 0], [2, time], [2, date], [4, crcOfBytes(bytes)],
      [4, bytes.length], [4, bytes.length], [2, path.length], [2, 0]];
    const head = fixed([[4, 0x04034b50], ...about]);
    directory.push(fixed([[4, 0x02014b50], [2, 20], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), path);
    parts.push(head, path, bytes);
    at += head.length + path.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = fixed([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, at], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** [bytes, value], the lowest byte first. */
type Part = readonly [number, number];

function fixed(parts: readonly Part[]): Bytes {
  const bytes = parts.flatMap(([length, value]) => Array.from({ length }, (_unused, place) => (value >>> (8 * place)) & 0xff));
  return new Uint8Array(bytes);
}

/** By the county's clock, from 1980 on, in steps of two seconds. */
function dosTime(ms: number): [time: number, date: number] {
  const at = new Date(ms + 8 * 3_600_000);
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return [time, (Math.max(0, at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()];
}
