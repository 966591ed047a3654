// Merkle trees of RFC 6962 §2.1 (RFC 9162 §2.1): the leaf, the node, and proofs that a leaf lies in a tree
// and that one tree continues another. Sizes are BigInt.
import { Refusal, concat, sameOctets, sha256 } from './bytes.js';

export const leafHash = entry => sha256(concat(Uint8Array.of(0), entry));
const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

/** Refuse unless `leaf` lies at `index` of the tree of `size` leaves with this root (RFC 9162 §2.1.3.2). */
export async function verifyInclusion(index, size, leaf, proof, root) {
  const fail = () => {
    throw new Refusal('proof.inclusion');
  };
  if (index < 0n || index >= size) fail();
  if ([leaf, root, ...proof].some(hash => hash.length !== 32)) fail();
  let path = index;
  let last = size - 1n;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0n) fail();
    if (path & 1n || path === last) {
      hash = await nodeHash(sibling, hash);
      while (!(path & 1n) && path !== 0n) {
        path >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = await nodeHash(hash, sibling);
    }
    path >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n || !sameOctets(hash, root)) fail();
}

/** Refuse unless the tree of `small` leaves is the beginning of that of `large` ones (RFC 9162 §2.1.4.2); 1 <= small < large. */
export async function verifyConsistency(small, large, smallRoot, largeRoot, proof) {
  const fail = () => {
    throw new Refusal('proof.consistency');
  };
  if (!proof.length || [smallRoot, largeRoot, ...proof].some(hash => hash.length !== 32)) fail();
  const isWhole = (small & (small - 1n)) === 0n; // then the smaller root is itself a node of the larger tree
  const [first, ...rest] = isWhole ? [smallRoot, ...proof] : proof;
  let path = small - 1n;
  let last = large - 1n;
  while (path & 1n) {
    path >>= 1n;
    last >>= 1n;
  }
  let before = first;
  let after = first;
  for (const node of rest) {
    if (last === 0n) fail();
    if (path & 1n || path === last) {
      before = await nodeHash(node, before);
      after = await nodeHash(node, after);
      while (!(path & 1n) && path !== 0n) {
        path >>= 1n;
        last >>= 1n;
      }
    } else {
      after = await nodeHash(after, node);
    }
    path >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n || !sameOctets(before, smallRoot) || !sameOctets(after, largeRoot)) fail();
}
