// The whole check of a file, in a browser and without a network: a file, a policy and the time are all it takes.
// Formats and rules: docs/reference/credentials.md. Written apart from the server's check, so that each can correct the other.
import { Refusal } from './verifier/bytes.js';
import { checkAnchors } from './verifier/anchors.js';
import { compareHeads } from './verifier/comparing.js';
import { checkCompleteness } from './verifier/completeness.js';
import { checkShape, checkValidity, isTranscript, issuerId, labelOf, membersOf } from './verifier/documents.js';
import { digestOf, headOf, newBook, prove } from './verifier/evidence.js';
import { finding, refused, worst } from './verifier/findings.js';
import { checkProofs } from './verifier/integrity.js';
import { isObject, isText, parseJson } from './verifier/json.js';
import { judgeKey, readHistory } from './verifier/keys.js';
import { findStatus, newLists } from './verifier/lists.js';
import { parseProof } from './verifier/notes.js';
import { parsePolicy } from './verifier/policy.js';
import { writeTime } from './verifier/times.js';

const BUNDLE = 'cotutelle-bundle/1';
const ISSUED = 'credentials.credential.issued';
const PROOF = 'c2sp.org/tlog-proof@v1';
const MOST_MEMBERS = 500;
const ROWS = ['signature', 'validity', 'issuer', 'logged', 'witnesses', 'anchor', 'status', 'completeness'];
const NEEDED = ['signature', 'validity', 'issuer', 'logged', 'witnesses', 'status'];

const listed = value => (Array.isArray(value) ? value : [value]);

/** A member that may be left out; one that is null is there, and malformed. */
const memberOf = (bundle, name) => (name in bundle ? bundle[name] : []);

/** Refused when anything is bad, valid when all that is needed is good, else unknown. */
function reportOf(kind, findings, facts, now) {
  const names = ROWS.filter(name => name in findings);
  const needed = NEEDED.filter(name => name in findings);
  const states = names.map(name => findings[name].state);
  const verdict = states.includes('bad') ? 'refused' : needed.every(name => findings[name].state === 'good') ? 'valid' : 'unknown';
  return {
    format: 'cotutelle-report/1',
    checked_at: writeTime(now),
    verdict,
    checks: names.map(name => ({ name, ...findings[name] })),
    kind,
    facts,
  };
}

async function checkIssued(credential, { entry, payload }) {
  const after = isObject(payload.after) ? payload.after : {};
  if (entry.kind !== 'credential' || payload.action !== ISSUED) throw new Refusal('logged.kind');
  if (after.digest !== (await digestOf(credential))) throw new Refusal('logged.other_credential');
  if (entry.issuer !== issuerId(credential) || payload.issuer !== entry.issuer) {
    throw new Refusal('logged.issuer', { issuer: entry.issuer });
  }
}

/** Where a credential was logged: `[place or null, answer]`. */
async function findPlace(file, credential, evidence) {
  if ((evidence ?? null) === null) return [null, finding('absent', 'logged.absent')];
  try {
    const place = await prove(file.book, evidence);
    if (place.payload === null) return [null, finding('unknown', 'logged.erased')];
    await checkIssued(credential, place);
    const { size } = place.head.checkpoint;
    return [place, finding('good', 'logged.good', { index: String(place.index), size: String(size), origin: place.origin })];
  } catch (problem) {
    return [null, refused(problem)];
  }
}

function quorumAt(place, logged) {
  if (!place) return logged.state === 'absent' ? finding('absent', 'witnesses.absent') : finding('unknown', 'witnesses.unchecked');
  if (place.head.problem) return refused(place.head.problem);
  const names = place.head.cosigners.map(one => one.name);
  if (!names.length) return finding('absent', 'witnesses.absent'); // a policy may ask for none; that convinces nobody else
  return finding('good', 'witnesses.good', { count: names.length, names });
}

function judgeIssuer(file, credential, methods, place) {
  if (!methods.length) return finding('unknown', 'issuer.unchecked');
  const method = methods.find(one => one.controller === issuerId(credential));
  if (!method) return finding('bad', 'issuer.not_controller', { controller: methods[0].controller });
  if (file.isBare) return finding('unknown', 'issuer.no_key_events');
  if (!place) return finding('unknown', 'issuer.unchecked');
  return judgeKey(file.history, method.controller, method.key, place);
}

async function statusOf(file, credential) {
  if (!isObject(credential)) return finding('unknown', 'status.unknown', { purpose: '' });
  const { credentialStatus: told } = credential;
  if (file.isBare && told && !(Array.isArray(told) && !told.length)) return finding('absent', 'status.absent');
  return findStatus(file.lists, credential);
}

/** One credential by itself. */
async function checkCredential(file, credential, evidence) {
  let methods = [];
  let signature = finding('good', 'signature.good');
  try {
    checkShape(credential);
    methods = await checkProofs(credential);
  } catch (problem) {
    signature = refused(problem);
  }
  const [place, logged] = await findPlace(file, credential, evidence);
  return {
    signature,
    issuer: judgeIssuer(file, credential, methods, place),
    logged,
    witnesses: quorumAt(place, logged),
    status: await statusOf(file, credential),
    place,
  };
}

async function checkMembers(file, members) {
  const told = listed(file.bundle.members ?? []).filter(item => isObject(item) && isText(item.digest));
  const evidence = new Map(told.map(item => [item.digest, item.logged]));
  const found = [];
  for (const [at, member] of members.entries()) {
    const name = `${at + 1}. ${labelOf(member)}`;
    found.push([name, await checkCredential(file, member, evidence.get(await digestOf(member)))]);
  }
  return found;
}

async function completenessOf(file, credential, inner) {
  const events = [];
  if (!isTranscript(credential)) return { found: finding('absent', 'completeness.not_transcript'), events };
  if (file.isBare) return { found: finding('absent', 'completeness.absent'), events };
  const places = inner.map(([, checked]) => checked.place).filter(place => place !== null);
  return checkCompleteness(file.book, credential, memberOf(file.bundle, 'disclosed'), places);
}

async function witnessesOf(book, proofs, checked) {
  let apart;
  try {
    if (book.fork) throw book.fork;
    apart = await compareHeads(book, proofs);
  } catch (problem) {
    return refused(problem);
  }
  for (const state of ['bad', 'unknown', 'absent']) {
    const one = checked.find(({ witnesses }) => witnesses.state === state);
    if (one) return one.witnesses;
  }
  const found = checked[0].witnesses;
  return apart ? finding('good', 'witnesses.apart', { ...found.params, ...apart }) : found;
}

const listsNamedBy = credentials => new Set(credentials.filter(isObject).flatMap(one => listed(one.credentialStatus))
  .filter(entry => isObject(entry) && isText(entry.statusListCredential)).map(entry => entry.statusListCredential));

async function openBundle(policy, bundle, isBare, now, credentials) {
  const book = newBook(policy);
  const history = isBare ? { events: [], problem: null } : await readHistory(book, memberOf(bundle, 'keys'));
  const lists = newLists(book, history, now, listed(memberOf(bundle, 'status')), listsNamedBy(credentials));
  return { book, bundle, isBare, history, lists };
}

function factsOf(credential, members, events) {
  const { issuer, credentialSubject: subject } = credential;
  const name = isObject(issuer) && isText(issuer.name) ? issuer.name : null;
  return {
    credential,
    issuer: { id: issuerId(credential), name },
    members: members.filter(isObject),
    trace: isObject(subject) && isObject(subject.trace) ? subject.trace : null,
    events,
  };
}

/** Check a share bundle or a bare credential. */
async function checkBundle(value, policy, now) {
  const isBare = !('format' in value);
  const credential = isBare ? value : value.credential;
  if (!isObject(credential) || (isBare ? !('@context' in credential) : value.format !== BUNDLE)) throw new Refusal('file.unknown_kind');
  const members = membersOf(credential);
  if (members.length > MOST_MEMBERS) throw new Refusal('file.too_large', { most: MOST_MEMBERS });
  const file = await openBundle(policy, isBare ? {} : value, isBare, now, [credential, ...members]);
  const main = await checkCredential(file, credential, file.bundle.logged);
  const inner = await checkMembers(file, members);
  const rows = ['signature', 'issuer', 'logged', 'status']
    .map(row => [row, worst(main[row], inner.map(([name, checked]) => [name, checked[row]]), row)]);
  const findings = { ...Object.fromEntries(rows), validity: checkValidity(credential, now) };
  findings.anchor = await checkAnchors(file.book, file.bundle.anchors, main.place);
  const { found, events } = await completenessOf(file, credential, inner);
  findings.completeness = found;
  findings.witnesses = await witnessesOf(file.book, file.bundle.consistency, [main, ...inner.map(([, checked]) => checked)]);
  return reportOf('credential', findings, factsOf(credential, members, events), now);
}

/** Check evidence that one entry was logged. */
async function checkEvidence(evidence, policy, now) {
  const book = newBook(policy);
  try {
    const place = await prove(book, evidence);
    const where = { index: String(place.index), size: String(place.head.checkpoint.size), origin: place.origin };
    const findings = { logged: finding('good', 'entry.logged', where), witnesses: quorumAt(place, {}) };
    return reportOf('entry', findings, { entry: place.entry, payload: place.payload, place: where }, now);
  } catch (problem) {
    const findings = { logged: refused(problem), witnesses: finding('unknown', 'witnesses.unchecked') };
    return reportOf('entry', findings, { entry: null, payload: null, place: null }, now);
  }
}

/** Check a proof file without its entry: its checkpoint can be told, what was logged cannot. */
async function checkProofAlone(text, policy, now) {
  const proof = parseProof(text);
  const facts = { entry: null, payload: null, place: null };
  try {
    const head = await headOf(newBook(policy), proof.checkpoint);
    const { origin, size } = head.checkpoint;
    facts.place = { index: String(proof.index), size: String(size), origin };
    return reportOf('entry', { logged: finding('unknown', 'entry.alone'), witnesses: quorumAt({ head }, {}) }, facts, now);
  } catch (problem) {
    const findings = { logged: refused(problem), witnesses: finding('unknown', 'witnesses.unchecked') };
    return reportOf('entry', findings, facts, now);
  }
}

/**
 * Check what a person has opened. `policyText` is a C2SP tlog-policy, text or octets; `now` a Date. The answer is a
 * `cotutelle-report/1`, with what the file states about itself beside it. What cannot be read is a Refusal `file.…`.
 */
export async function verifyFile(text, policyText, now) {
  const policy = await parsePolicy(policyText);
  const time = now.getTime();
  if (text.startsWith(PROOF)) return checkProofAlone(text, policy, time);
  const value = parseJson(text);
  if (!isObject(value)) throw new Refusal('file.unknown_kind');
  return 'entry' in value && 'proof' in value ? checkEvidence(value, policy, time) : checkBundle(value, policy, time);
}


