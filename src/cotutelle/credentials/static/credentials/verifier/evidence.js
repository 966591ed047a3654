// Evidence that something was logged: the entry, what it commits to, and its place under a policy.
import { Refusal, concat, hex, sha256, unhex, utf8 } from './bytes.js';
import { canonicalJson, hasShape, isObject, isText } from './json.js';
import { leafHash, verifyInclusion } from './merkle.js';
import { parseCheckpoint, parseNote, parseProof } from './notes.js';
import { checkCheckpoint } from './policy.js';
import { readTime } from './times.js';

const KINDS = ['decision', 'credential', 'status', 'key', 'agreement', 'publication'];
const PUBLIC_KINDS = ['status', 'key'];
const PRIVATE_KINDS = ['decision', 'credential'];
const LONGEST_ENTRY = 65535;
const NO_SALT = '0'.repeat(64);

const malformed = () => {
  throw new Refusal('logged.malformed');
};

/** Digest of a JSON value as entries and statements name it. */
export const digestOf = async value => hex(await sha256(canonicalJson(value)));

const isDay = text => isText(text) && /^\d{4}-\d\d-\d\d$/.test(text) && readTime(`${text}T00:00:00Z`) !== null;

function checkForm(entry) {
  if (!hasShape(entry, ['v', 'issuer', 'kind', 'day', 'commitment'], ['statement'])) malformed();
  const fit = entry.v === 1 && isText(entry.issuer) && entry.issuer !== '' && KINDS.includes(entry.kind)
    && isDay(entry.day) && unhex(entry.commitment, 32);
  const isPublic = 'statement' in entry;
  if (!fit || (isPublic && !isObject(entry.statement)) || (isPublic ? PRIVATE_KINDS : PUBLIC_KINDS).includes(entry.kind)) malformed();
  if (canonicalJson(entry).length > LONGEST_ENTRY) malformed();
}

async function checkCommitment(entry, payload, salt) {
  const made = await sha256(concat(utf8('cotutelle/commitment/v1\n'), unhex(salt, 32), canonicalJson(payload)));
  if (hex(made) !== entry.commitment) throw new Refusal('logged.commitment');
}

/** What an entry commits to: a statement, or what was held back; null where it is withheld or erased. */
async function payloadOf(entry, evidence) {
  const { statement } = entry;
  const payload = evidence.payload ?? statement ?? null;
  const salt = evidence.salt ?? (statement === undefined ? null : NO_SALT);
  if (salt !== null && !unhex(salt, 32)) malformed();
  if (payload === null || salt === null) return null;
  await checkCommitment(entry, payload, salt);
  if (!isObject(payload)) malformed();
  return payload;
}

/** A proof whose parts are well formed, or a refusal. */
function readProof(text) {
  try {
    const proof = parseProof(text);
    parseCheckpoint(parseNote(proof.checkpoint).text);
    return proof;
  } catch {
    return malformed();
  }
}

/** The book of a file: it checks evidence under one policy and notices when a log shows two histories. */
export const newBook = policy => ({ policy, heads: new Map(), seen: new Map(), roots: new Map(), fork: null });

/** Note a leaf at a place of a log, or a root for a size. */
function remember(book, origin, size, place, found) {
  const key = `${origin} ${place}`;
  const earlier = book.seen.get(key) ?? found;
  if (earlier !== found) book.fork ??= new Refusal('witnesses.fork', { origin, size: Number(size) });
  book.seen.set(key, earlier);
}

/** Note a root that somebody states for a size of a log; the first one stands. */
export function rememberRoot(book, origin, size, root) {
  remember(book, origin, size, `size ${size}`, hex(root));
  if (!book.roots.has(origin)) book.roots.set(origin, new Map());
  const roots = book.roots.get(origin);
  if (!roots.has(BigInt(size))) roots.set(BigInt(size), root);
}

export async function headOf(book, note) {
  if (!book.heads.has(note)) {
    book.heads.set(note, await checkCheckpoint(book.policy, note).catch(problem => problem));
  }
  const head = book.heads.get(note);
  if (head instanceof Error) throw head;
  return head;
}

/**
 * Check one piece of evidence. Returned are the entry, its payload, and where and by whom it was seen; too few
 * witnesses are no refusal here, see `head.problem`.
 */
export async function prove(book, evidence) {
  if (evidence === undefined || evidence === null) throw new Refusal('logged.absent');
  if (!isObject(evidence) || !isObject(evidence.entry) || !isText(evidence.proof)) malformed();
  const { entry } = evidence;
  checkForm(entry);
  if ('statement' in entry) await checkCommitment(entry, entry.statement, NO_SALT);
  const proof = readProof(evidence.proof);
  const head = await headOf(book, proof.checkpoint);
  const { origin, size, root } = head.checkpoint;
  const leaf = await leafHash(canonicalJson(entry));
  await verifyInclusion(proof.index, size, leaf, proof.hashes, root).catch(() => {
    throw new Refusal('logged.proof');
  });
  rememberRoot(book, origin, size, root);
  remember(book, origin, size, `place ${proof.index}`, hex(leaf));
  return { entry, payload: await payloadOf(entry, evidence), index: proof.index, origin, leaf, head };
}
