/** The picture of a photo, as an address that an `<img>` can show while it is on the screen. */

import { useEffect, useState } from "preact/hooks";

/** What `find` gives, as an address; null until it is there, or if there is none. */
export function usePicture(find: () => Promise<Blob | null>, about: readonly unknown[]): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    let shown: string | null = null;
    let isGone = false;
    void find().then((blob) => {
      if (isGone || !blob) return;
      shown = URL.createObjectURL(blob);
      setAddress(shown);
    });
    return () => {
      isGone = true;
      setAddress(null);
      if (shown) URL.revokeObjectURL(shown);
    };
  }, about);
  return address;
}
