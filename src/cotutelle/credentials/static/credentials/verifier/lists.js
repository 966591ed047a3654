// Whether a credential is revoked or suspended, by the status lists that a file carries.
import { Refusal } from './bytes.js';
import { issuerId, typesOf } from './documents.js';
import { digestOf, prove } from './evidence.js';
import { finding, refused, within } from './findings.js';
import { checkProofs } from './integrity.js';
import { isObject, isText, shown } from './json.js';
import { judgeKey } from './keys.js';
import { bitOf, decodeList } from './status.js';
import { readTime } from './times.js';

const SET = { revocation: 'status.revoked', suspension: 'status.suspended' };
const isPurpose = purpose => isText(purpose) && Object.hasOwn(SET, purpose);
const MOST_ENTRIES = 4;

const refuse = (code, params) => {
  throw new Refusal(`status.${code}`, params);
};

/** The status lists of a file; `named` are the ids that its credentials point at. */
export const newLists = (book, history, now, items, named) => ({ book, history, now, items, named, checked: new Map() });

function checkForm(document) {
  if (!typesOf(document).includes('BitstringStatusListCredential') || !isObject(document.credentialSubject)) {
    refuse('malformed', { field: 'type' });
  }
  for (const field of ['validFrom', 'validUntil']) {
    if ((field in document || field === 'validFrom') && readTime(document[field]) === null) refuse('malformed', { field });
  }
}

async function checkStatement({ entry }, document) {
  const statement = entry.statement ?? {};
  if (entry.kind !== 'status' || statement.event !== 'list') refuse('not_logged', { code: 'logged.kind' });
  if (entry.issuer !== issuerId(document)) refuse('issuer', { issuer: entry.issuer });
  const same = statement.digest === (await digestOf(document)) && statement.id === document.id
    && statement.purpose === document.credentialSubject.statusPurpose;
  if (!same) refuse('digest');
}

async function proveLogged(book, evidence) {
  try {
    const proven = await prove(book, evidence);
    if (proven.head.problem) throw proven.head.problem;
    return proven;
  } catch (problem) {
    throw within('status.not_logged', problem);
  }
}

/** Check a list by itself: signed by its issuer with a key in force, and logged. */
async function proveList(lists, { credential: document, logged }) {
  checkForm(document);
  const methods = await checkProofs(document).catch(problem => {
    throw within('status.signature', problem);
  });
  const issuer = issuerId(document);
  const method = methods.find(one => one.controller === issuer);
  if (!method) refuse('issuer', { issuer: methods[0].controller });
  const proven = await proveLogged(lists.book, logged);
  await checkStatement(proven, document);
  const judged = judgeKey(lists.history, issuer, method.key, proven);
  if (judged.state !== 'good') refuse('key', { ...judged.params, code: judged.code });
  return proven;
}

async function checkedList(lists, item) {
  if (!lists.checked.has(item)) lists.checked.set(item, await proveList(lists, item).catch(problem => problem));
  const found = lists.checked.get(item);
  if (found instanceof Error) throw found;
  return found;
}

function notCarried(lists, purpose) {
  const strange = item => !isObject(item) || !isObject(item.credential) || !lists.named.has(item.credential.id);
  if (lists.items.some(strange)) refuse('other_list');
  return finding('unknown', 'status.unknown', { purpose });
}

async function readBit(document, index) {
  const subject = document.credentialSubject;
  if (subject.type !== 'BitstringStatusList') refuse('malformed', { field: 'credentialSubject' });
  const list = await decodeList(subject.encodedList);
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(index)) refuse('malformed', { field: 'statusListIndex' });
  return bitOf(list, Number(index));
}

async function findBit(lists, credential, { statusListCredential: id, statusListIndex: index, statusPurpose: purpose }) {
  const copies = lists.items.filter(item => isObject(item) && isObject(item.credential) && item.credential.id === id);
  if (!copies.length) return notCarried(lists, purpose);
  const proven = [];
  for (const item of copies) proven.push({ place: await checkedList(lists, item), document: item.credential });
  for (const { document } of proven) {
    if (issuerId(document) !== issuerId(credential)) refuse('issuer', { issuer: issuerId(document) });
    if (document.credentialSubject.statusPurpose !== purpose) refuse('purpose', { purpose });
  }
  const { document } = proven.reduce((best, one) => (one.place.index > best.place.index ? one : best));
  const { validFrom: asOf, validUntil: until = null } = document;
  if (readTime(asOf) > lists.now) refuse('future', { as_of: asOf });
  if (await readBit(document, index)) return finding('bad', SET[purpose], { as_of: asOf });
  if (until !== null && readTime(until) < lists.now) return finding('unknown', 'status.outdated', { until });
  return finding('good', 'status.good', { as_of: asOf });
}

async function findEntry(lists, credential, entry) {
  if (!isObject(entry)) refuse('malformed', { field: 'credentialStatus' });
  const { type, statusPurpose: purpose, statusSize: size = 1 } = entry;
  if (type !== 'BitstringStatusListEntry' || !isPurpose(purpose) || size !== 1) {
    return finding('unknown', 'status.unsupported', { purpose: shown(purpose) });
  }
  if (!isText(entry.statusListCredential) || !isText(entry.statusListIndex)) refuse('malformed', { field: 'credentialStatus' });
  return findBit(lists, credential, entry).catch(refused);
}

/** The status of a credential: the worst that its entries say. */
export async function findStatus(lists, credential) {
  const entries = credential.credentialStatus ?? [];
  const listed = Array.isArray(entries) ? entries : [entries];
  if (!listed.length) return finding('good', 'status.none');
  const found = [];
  try {
    if (listed.length > MOST_ENTRIES) refuse('malformed', { field: 'credentialStatus' });
    for (const entry of listed) found.push(await findEntry(lists, credential, entry));
  } catch (problem) {
    return refused(problem);
  }
  return found.find(one => one.state === 'bad') ?? found.find(one => one.state === 'unknown')
    ?? found.reduce((oldest, one) => (readTime(one.params.as_of) < readTime(oldest.params.as_of) ? one : oldest));
}
