// Octets and their spellings: hexadecimal, base64 (RFC 4648 §4 and §5), base58btc, UTF-8. Nothing is read leniently.

/** A refusal with a code that has a sentence in words.json; `params` fill its places. */
export class Refusal extends Error {
  constructor(code, params = {}) {
    super(code);
    this.code = code;
    this.params = params;
  }
}

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Octets of a text; half a surrogate pair is refused, since UTF-8 has no octets for it. */
export function utf8(text) {
  if (/[\ud800-\udfff]/u.test(text)) throw new Refusal('file.not_text');
  return new TextEncoder().encode(text);
}

/** Text of the octets of a file, which are UTF-8, or a refusal. */
export function textOf(octets) {
  try {
    return strictText.decode(octets);
  } catch {
    throw new Refusal('file.not_json');
  }
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sameOctets(one, other) {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}

export function hex(octets) {
  return Array.from(octets, octet => octet.toString(16).padStart(2, '0')).join('');
}

/** Octets of lower-case hexadecimal, or null. */
export function unhex(text, length) {
  if (typeof text !== 'string' || text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) return null;
  return Uint8Array.from(text.match(/../g) || [], pair => parseInt(pair, 16));
}

export function base64(octets) {
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text);
}

/** Octets of base64 with padding and without stray bits, or null. */
export function unbase64(text) {
  if (typeof text !== 'string' || text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const raw = atob(text);
  const octets = Uint8Array.from(raw, letter => letter.charCodeAt(0));
  return btoa(raw) === text ? octets : null;
}

/** Octets of base64url without padding and without stray bits, or null. */
export function unbase64url(text) {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const plain = text.replace(/-/g, '+').replace(/_/g, '/');
  return unbase64(plain + '='.repeat((4 - (plain.length % 4)) % 4));
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Octets of base58btc of at most 200 letters, or null. */
export function unbase58(text) {
  if (text.length > 200) return null;
  let number = 0n;
  for (const letter of text) {
    const digit = BASE58.indexOf(letter);
    if (digit < 0) return null;
    number = number * 58n + BigInt(digit);
  }
  const octets = [];
  for (; number > 0n; number >>= 8n) octets.unshift(Number(number & 255n));
  const zeroes = text.match(/^1*/)[0].length;
  return Uint8Array.from([...new Array(zeroes).fill(0), ...octets]);
}

/** The 32 octets of an Ed25519 public key written as a multikey (z6Mk…), or null. */
export function multikey(text) {
  if (typeof text !== 'string' || text[0] !== 'z') return null;
  const octets = unbase58(text.slice(1));
  return octets && octets.length === 34 && octets[0] === 0xed && octets[1] === 0x01 ? octets.slice(2) : null;
}

export async function sha256(octets) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', octets));
}

/**
 * Whether an Ed25519 signature (RFC 8032) holds. A browser without Ed25519 is a refusal of its own:
 * what cannot be checked is never called good, nor bad.
 */
export async function ed25519(publicKey, signature, message) {
  let key;
  try {
    key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
  } catch (problem) {
    if (problem.name === 'NotSupportedError' || problem instanceof TypeError) throw new Refusal('browser.no_ed25519');
    return false;
  }
  return crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message);
}

/** Whether this browser can check anything at all. */
export async function browserFit() {
  if (!globalThis.crypto?.subtle) return false;
  try {
    // RFC 8032 §7.1, test 1: the empty message
    const key = unhex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 32);
    const signature = unhex(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      64,
    );
    return (await ed25519(key, signature, new Uint8Array())) && !(await ed25519(key, signature, new Uint8Array(1)));
  } catch {
    return false;
  }
}
