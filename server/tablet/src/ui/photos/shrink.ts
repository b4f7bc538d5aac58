/**
 * A camera's picture made small enough to be sent from a village, and freed of what it tells.
 *
 * A photo of 5 MB takes a quarter of an hour over 2G. Drawn anew at 1600 pixels it takes one or
 * two minutes and still shows a house number across a yard. Drawing also leaves behind what a
 * camera writes into its files: where it was, when, and which camera. Nobody's way is recorded.
 */

import { Refused } from "../../engine/problems";

/** The longer side, in pixels, and the quality of the JPEG. */
const WHOLE = { side: 1600, quality: 0.82 };
const THUMB = { side: 320, quality: 0.7 };

/** Both sizes as JPEG, upright. Refuses with `photo_unreadable` what is no picture. */
export async function shrink(file: Blob): Promise<{ whole: Blob; thumb: Blob }> {
  const address = URL.createObjectURL(file);
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    return { whole: await drawn(picture, WHOLE), thumb: await drawn(picture, THUMB) };
  } catch {
    throw new Refused("photo_unreadable");
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function drawn(picture: HTMLImageElement, { side, quality }: typeof WHOLE): Promise<Blob> {
  const { naturalWidth: width, naturalHeight: height } = picture;
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const ink = canvas.getContext("2d")!;
  ink.imageSmoothingQuality = "high";
  // What lets the ground through would be black in a JPEG.
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("not drawn"))), "image/jpeg", quality);
  });
}
