declare const brand: unique symbol;

/** A blob's name: `&`, the SHA-256 of its bytes in base64, `.sha256`. Made by {@link asBlobId}. */
export type BlobId = string & { readonly [brand]: 'BlobId' };

/** 32 bytes leave two bits of the last digit unused; they must be 0, or one blob had four names. */
const BLOB_ID = /^&[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\.sha256$/;

/** The blob of no bytes: there is nothing to fetch, keep or send. */
const EMPTY = '&47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=.sha256';

/** @returns the text as a blob's name, or undefined when it is none that could be carried */
export function asBlobId(value: unknown): BlobId | undefined {
  if (typeof value !== 'string' || !BLOB_ID.test(value) || value === EMPTY) return undefined;
  return value as BlobId;
}

/** @param digest the SHA-256 of a blob */
export function blobIdOf(digest: Buffer): BlobId {
  return `&${digest.toString('base64')}.sha256` as BlobId;
}

/** @returns every blob that a message's content names */
export function blobsNamedIn(content: unknown): BlobId[] {
  const found = JSON.stringify(content ?? null).match(/&[A-Za-z0-9+/]{43}=\.sha256/g) ?? [];
  return found.map(asBlobId).filter((id) => id !== undefined);
}
