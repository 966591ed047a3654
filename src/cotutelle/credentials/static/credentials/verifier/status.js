// The bits of a status list (W3C Bitstring Status List 1.0 §3.3, §3.4).
import { Refusal, concat, unbase64url } from './bytes.js';

const LEAST_BITS = 131072;
const MOST_OCTETS = 1024 * 1024;

const refuse = (code, params) => {
  throw new Refusal(`status.${code}`, params);
};

/** Inflate up to a limit, so that a small text cannot fill the memory; null for what is no single gzip member. */
async function inflate(packed) {
  const parts = [];
  let total = 0;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concat(...parts);
      total += value.length;
      if (total > MOST_OCTETS) break;
      parts.push(value);
    }
    await reader.cancel();
  } catch {
    // not gzip, cut short, or with something behind it
  }
  return null;
}

/** Octets of an encoded list. */
export async function decodeList(encoded) {
  const packed = typeof encoded === 'string' && encoded[0] === 'u' ? unbase64url(encoded.slice(1)) : null;
  const list = packed && (await inflate(packed));
  if (!list) refuse('malformed', { field: 'encodedList' });
  if (list.length * 8 < LEAST_BITS) refuse('too_small', { bits: list.length * 8, least: LEAST_BITS });
  return list;
}

/** The bit at `index`, counted from the left. */
export function bitOf(list, index) {
  if (index >= list.length * 8) refuse('outside', { index, entries: list.length * 8 });
  return (list[index >> 3] >> (7 - (index & 7))) & 1;
}
