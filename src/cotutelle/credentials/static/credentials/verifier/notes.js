// Signed notes, checkpoints, cosignatures and proof files (C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof).
import { Refusal, concat, ed25519, hex, sha256, unbase64, utf8 } from './bytes.js';

export const ED25519 = 1;
export const COSIGNATURE = 4;
export const COSIGNATURE_MLDSA = 6;

const KEY_LENGTH = { [ED25519]: 32, [COSIGNATURE]: 32, [COSIGNATURE_MLDSA]: 1312 };
const MOST_SIGNATURES = 100;
const MOST_OCTETS = 1_000_000;
const MOST_HASHES = 63;
const LARGEST = (1n << 63n) - 1n;
const SPACE_OR_PLUS = /[\p{White_Space}+]/u;

const malformed = code => {
  throw new Refusal(code);
};

/** A decimal without leading zeroes up to 2^63 - 1, as BigInt, or null. */
function decimal(text) {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) return null;
  const number = BigInt(text);
  return number <= LARGEST ? number : null;
}

/** A verifier key `name+id+base64(algorithm || key)`: the id must be the one made from the rest. */
export async function parseVerifier(vkey) {
  const [, name, id, key] = /^([^+]+)\+([0-9a-fA-F]{8})\+(.+)$/su.exec(vkey) || malformed('policy.key');
  const octets = unbase64(key);
  if (SPACE_OR_PLUS.test(name) || !octets || octets.length - 1 !== KEY_LENGTH[octets[0]]) malformed('policy.key');
  const made = hex((await sha256(concat(utf8(`${name}\n`), octets))).slice(0, 4));
  if (made !== id.toLowerCase()) malformed('policy.key');
  return { name, id: made, algorithm: octets[0], publicKey: octets.slice(1) };
}

/** Text and signature lines of a note. */
export function parseNote(note) {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || utf8(note).length > MOST_OCTETS || !note.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(note)) malformed('note.malformed');
  const lines = note.slice(cut + 2).split('\n');
  lines.pop();
  if (lines.length === 0 || lines.length > MOST_SIGNATURES) malformed('note.malformed');
  return { text: note.slice(0, cut + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line) {
  const parts = line.split(' ');
  const [dash, name, encoded] = parts;
  if (parts.length !== 3 || dash !== '—' || !name || SPACE_OR_PLUS.test(name)) malformed('note.malformed');
  const octets = unbase64(encoded);
  if (!octets || octets.length < 5) malformed('note.malformed');
  return { name, id: hex(octets.slice(0, 4)), octets: octets.slice(4) };
}

/** Origin, size and root of a checkpoint's text; further lines are kept by being signed, and mean nothing here. */
export function parseCheckpoint(text) {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 3 || lines.some(line => line === '')) malformed('note.malformed');
  const size = decimal(lines[1]);
  const root = unbase64(lines[2]);
  if (size === null || !root || root.length !== 32) malformed('note.malformed');
  return { origin: lines[0], size, root, text };
}

/** Whether the log's own signature over the text holds. */
export async function verifyLogSignature(verifier, text, octets) {
  return octets.length === 64 && ed25519(verifier.publicKey, octets, utf8(text));
}

/** When the witness cosigned (seconds, BigInt), or null where the cosignature does not hold. */
export async function verifyCosignature(verifier, text, octets) {
  if (octets.length !== 72) return null;
  const time = new DataView(octets.buffer, octets.byteOffset).getBigUint64(0);
  if (time > LARGEST) return null;
  const message = utf8(`cosignature/v1\ntime ${time}\n${text}`);
  return (await ed25519(verifier.publicKey, octets.slice(8), message)) ? time : null;
}

/** Index, hashes and checkpoint of a proof file. */
export function parseProof(text) {
  const cut = text.indexOf('\n\n');
  if (cut < 0) malformed('proof.malformed');
  const lines = text.slice(0, cut).split('\n');
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') malformed('proof.malformed');
  if (lines[0]?.startsWith('extra ') && unbase64(lines.shift().slice(6)) === null) malformed('proof.malformed');
  const index = lines[0]?.startsWith('index ') ? decimal(lines.shift().slice(6)) : null;
  const hashes = lines.map(unbase64);
  if (index === null || hashes.length > MOST_HASHES || hashes.some(hash => hash?.length !== 32)) {
    malformed('proof.malformed');
  }
  return { index, hashes, checkpoint: text.slice(cut + 2) };
}
