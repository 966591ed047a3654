// A badge picture carries its credential: PNG, chunk iTXt, keyword openbadgecredential (Open Badges 3.0 §5.3).
import { Refusal, sameOctets, textOf } from './bytes.js';

const MARK = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const KEYWORD = 'openbadgecredential';

const TABLE = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function checksum(octets) {
  let value = 0xffffffff;
  for (const octet of octets) value = TABLE[(value ^ octet) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

export const isPicture = octets => octets.length > 8 && sameOctets(octets.slice(0, 8), MARK);

/** Text of the credential in a PNG, or a refusal. */
export function unbake(octets) {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const found = [];
  let kind = '';
  let at = 8;
  while (at < octets.length && kind !== 'IEND') {
    if (at + 12 > octets.length) throw new Refusal('file.not_png');
    const length = view.getUint32(at);
    if (at + 12 + length > octets.length) throw new Refusal('file.not_png');
    if (checksum(octets.slice(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) throw new Refusal('file.not_png');
    kind = String.fromCharCode(...octets.slice(at + 4, at + 8));
    if (kind === 'iTXt') found.push(...carried(octets.slice(at + 8, at + 8 + length)));
    at += 12 + length;
  }
  if (kind !== 'IEND' || at !== octets.length) throw new Refusal('file.not_png');
  if (found.length !== 1) throw new Refusal('file.no_credential');
  return found[0];
}

function carried(content) {
  const end = content.indexOf(0);
  if (end < 0 || String.fromCharCode(...content.slice(0, end)) !== KEYWORD) return [];
  const language = content.indexOf(0, end + 3);
  const translated = content.indexOf(0, language + 1);
  if (content[end + 1] !== 0 || content[end + 2] !== 0 || language < 0 || translated < 0) throw new Refusal('file.no_credential');
  return [textOf(content.slice(translated + 1))];
}
