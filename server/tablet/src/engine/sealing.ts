/**
 * Sealing: values that only some may read are encrypted before they reach the disk.
 *
 * The key is made on this tablet, cannot be taken out of the browser, and is kept beside the
 * data: it protects a copied disk image or a backup, not a tablet that is open. A PIN of a few
 * digits would be a weak key, so it locks the screen and nothing else.
 *
 * Invariants
 *   * Each sealing has its own nonce, drawn at random.
 *   * What was sealed under one name does not open under another.
 */

export interface Sealed {
  readonly iv: Uint8Array;
  readonly data: ArrayBuffer;
}

export async function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** `name` is bound to the content: the table and the key of the row. */
export async function seal(key: CryptoKey, name: string, value: unknown): Promise<Sealed> {
  return sealBytes(key, name, new TextEncoder().encode(JSON.stringify(value)));
}

export async function sealBytes(key: CryptoKey, name: string, plain: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(name);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, plain);
  return { iv, data };
}

/** Throws an `OperationError` if the key or the name is another. */
export async function unseal(key: CryptoKey, name: string, sealed: Sealed): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await unsealBytes(key, name, sealed)));
}

export async function unsealBytes(key: CryptoKey, name: string, sealed: Sealed): Promise<Uint8Array<ArrayBuffer>> {
  const additionalData = new TextEncoder().encode(name);
  const iv = new Uint8Array(sealed.iv);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, sealed.data));
}

// Signing ---------------------------------------------------------------------------------

/**
 * The key with which this device signs files of unsent work; null where a browser has no
 * Ed25519 (before 2025): its files are then looked at by a person.
 */
export async function newSigningKey(): Promise<CryptoKeyPair | null> {
  try {
    return await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]) as CryptoKeyPair;
  } catch {
    return null;
  }
}

/** The 32 bytes that the server is told. */
export async function publicBytes(pair: CryptoKeyPair): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
}

export function signWith(pair: CryptoKeyPair): (message: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer> {
  return (message) => crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, message);
}

// PINs --------------------------------------------------------------------------------------

export interface PinHash {
  readonly salt: Uint8Array;
  readonly rounds: number;
  readonly hash: Uint8Array;
}

const ROUNDS = 150_000;

export async function hashPin(pin: string, like?: PinHash): Promise<PinHash> {
  const salt = like === undefined ? crypto.getRandomValues(new Uint8Array(16)) : new Uint8Array(like.salt);
  const rounds = like?.rounds ?? ROUNDS;
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, key, 256,
  );
  return { salt, rounds, hash: new Uint8Array(bits) };
}

/** Whether a PIN is the one that was hashed. Takes the same time wherever they differ. */
export async function isPin(pin: string, known: PinHash): Promise<boolean> {
  const { hash } = await hashPin(pin, known);
  let difference = hash.length ^ known.hash.length;
  hash.forEach((byte, place) => {
    difference |= byte ^ (known.hash[place] ?? 0);
  });
  return difference === 0;
}
