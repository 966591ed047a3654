// Whether all states of a log in one file belong to one history: states of different sizes are compared by the
// consistency proofs that the file carries.
import { Refusal, unbase64 } from './bytes.js';
import { isCount, isObject, isText } from './json.js';
import { verifyConsistency } from './merkle.js';

const MOST_PROOFS = 64;

const malformed = () => {
  throw new Refusal('witnesses.malformed');
};

function readProof(item) {
  if (!isObject(item)) malformed();
  const { origin, from: small, to: large, proof } = item;
  const fit = isText(origin) && isCount(small) && isCount(large) && small >= 1 && small < large
    && Array.isArray(proof) && proof.every(isText);
  if (!fit) malformed();
  const hashes = proof.map(unbase64);
  if (hashes.includes(null)) malformed();
  return { origin, small: BigInt(small), large: BigInt(large), hashes };
}

function readProofs(proofs) {
  if (!Array.isArray(proofs) || proofs.length > MOST_PROOFS) malformed();
  return proofs.map(readProof);
}

/** The sizes from which no chain of proofs leads to the largest, and the largest; nothing where all do. */
function notJoined(sizes, pairs) {
  const largest = sizes.at(-1);
  const reached = new Set([largest]);
  for (let grew = true; grew;) {
    const more = pairs.filter(pair => pair.some(size => reached.has(size))).flat().filter(size => !reached.has(size));
    more.forEach(size => reached.add(size));
    grew = more.length > 0;
  }
  const left = sizes.filter(size => !reached.has(size));
  return left.length ? [...left, largest] : [];
}

/** What a file leaves uncompared of the first log it does: `{ origin, sizes }`, or null. A proof that does not hold is refused. */
export async function compareHeads(book, proofs) {
  const joined = new Map();
  for (const { origin, small, large, hashes } of readProofs(proofs ?? [])) {
    const roots = book.roots.get(origin) ?? new Map();
    if (!roots.has(small) || !roots.has(large)) continue;
    await verifyConsistency(small, large, roots.get(small), roots.get(large), hashes).catch(() => {
      throw new Refusal('witnesses.inconsistent', { origin, small: Number(small), large: Number(large) });
    });
    joined.set(origin, [...(joined.get(origin) ?? []), [small, large]]);
  }
  for (const origin of [...book.roots.keys()].sort()) {
    const sizes = [...book.roots.get(origin).keys()].sort((one, other) => (one < other ? -1 : 1));
    const apart = notJoined(sizes, joined.get(origin) ?? []);
    if (apart.length) return { origin, sizes: apart.map(String) };
  }
  return null;
}
