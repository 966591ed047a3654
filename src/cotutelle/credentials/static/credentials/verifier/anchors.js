// What an anchor outside the log says. A chain is not asked here, and of a time-stamp (RFC 3161) only what it was made
// over is compared: whether its authority is trusted is left open.
import { Refusal, base64, sameOctets, sha256, unbase64, unhex, utf8 } from './bytes.js';
import { rememberRoot } from './evidence.js';
import { finding, refused } from './findings.js';
import { isCount, isObject, isText, shown } from './json.js';
import { verifyInclusion } from './merkle.js';
import { readTime } from './times.js';

const MOST_ANCHORS = 16;

const refuse = code => {
  throw new Refusal(`anchor.${code}`);
};

/** Elements of a DER content; null where it is not well formed. */
function elements(octets) {
  const found = [];
  let at = 0;
  while (at < octets.length) {
    const tag = octets[at];
    let length = octets[at + 1];
    at += 2;
    if (length === undefined || length === 0x80 || length > 0x84) return null;
    if (length > 0x80) {
      const size = length - 0x80;
      length = octets.slice(at, at + size).reduce((sum, octet) => sum * 256 + octet, 0);
      at += size;
    }
    if (at + length > octets.length) return null;
    found.push({ tag, content: octets.slice(at, at + length) });
    at += length;
  }
  return found;
}

/** Follow `path`, a list of [position, tag], into DER octets. */
function follow(octets, path) {
  let content = octets;
  for (const [position, tag] of path) {
    const found = content && elements(content)?.[position];
    if (!found || found.tag !== tag) return null;
    content = found.content;
  }
  return content;
}

const SEQUENCE = 0x30;
const TAGGED = 0xa0;
const OCTETS = 0x04;
const IDENTIFIER = 0x06;
const SHA256 = '96,134,72,1,101,3,4,2,1';
const TST_INFO = [[1, TAGGED], [0, SEQUENCE], [2, SEQUENCE], [1, TAGGED], [0, OCTETS], [0, SEQUENCE], [2, SEQUENCE]];

/** Message imprint of a token, or of a whole response holding one; null for what is neither. */
function imprintOf(octets) {
  const response = follow(octets, [[0, SEQUENCE], [0, SEQUENCE]]) !== null;
  const start = response ? [[0, SEQUENCE], [1, SEQUENCE]] : [[0, SEQUENCE]];
  const imprint = follow(octets, [...start, ...TST_INFO]);
  const algorithm = imprint && follow(imprint, [[0, SEQUENCE], [0, IDENTIFIER]]);
  const digest = imprint && follow(imprint, [[1, OCTETS]]);
  return algorithm && digest && { algorithm, digest };
}

/** Origin, size, root and inclusion proof that an anchor states, well formed. */
function readHead(anchor) {
  const root = unhex(anchor.root, 32);
  const isLine = isText(anchor.origin) && anchor.origin !== '' && !/[\u0000-\u001f]/.test(anchor.origin);
  if (!isLine || !root || !isCount(anchor.size) || !Array.isArray(anchor.inclusion)) refuse('malformed');
  const inclusion = anchor.inclusion.map(unbase64);
  if (inclusion.includes(null)) refuse('malformed');
  return { origin: anchor.origin, size: anchor.size, root, inclusion };
}

async function checkAnchor(book, place, anchor) {
  if (!isObject(anchor) || !['evm', 'rfc3161'].includes(anchor.type)) refuse('malformed');
  const { origin, size, root, inclusion } = readHead(anchor);
  if (origin !== place.origin) refuse('wrong_root');
  await verifyInclusion(place.index, BigInt(size), place.leaf, inclusion, root).catch(() => refuse('wrong_root'));
  rememberRoot(book, origin, size, root);
  const { at } = anchor;
  if (readTime(at) === null) refuse('malformed');
  if (anchor.type === 'evm') {
    const { chain_id: chain, contract } = anchor;
    return finding('unknown', 'anchor.stated', { chain: Number.isSafeInteger(chain) ? chain : shown(chain), contract: shown(contract), at });
  }
  const token = unbase64(anchor.token);
  if (!token) refuse('malformed');
  const imprint = imprintOf(token);
  if (!imprint) refuse('token');
  const stamped = await sha256(utf8(`${origin}\n${size}\n${base64(root)}\n`));
  if (imprint.algorithm.join() !== SHA256 || !sameOctets(imprint.digest, stamped)) refuse('wrong_root');
  return finding('unknown', 'anchor.stated_time', { at });
}

/** What the anchors of a file say of the entry at `place`: nothing good in a browser, but perhaps something bad. */
export async function checkAnchors(book, anchors, place) {
  const listed = anchors ?? [];
  if (!Array.isArray(listed) || listed.length > MOST_ANCHORS) return finding('bad', 'anchor.malformed');
  if (!listed.length) return finding('absent', 'anchor.none');
  if (!place) return finding('unknown', 'anchor.unchecked');
  const found = [];
  try {
    for (const anchor of listed) found.push(await checkAnchor(book, place, anchor));
  } catch (problem) {
    return refused(problem);
  }
  return found[0];
}
