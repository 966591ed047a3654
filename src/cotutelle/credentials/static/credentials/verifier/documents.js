// Members of a credential that decide something (W3C Verifiable Credentials Data Model 2.0).
import { Refusal } from './bytes.js';
import { finding, refused } from './findings.js';
import { isObject, isText } from './json.js';
import { readTime } from './times.js';

const CREDENTIALS_V2 = 'https://www.w3.org/ns/credentials/v2';

const listed = value => (Array.isArray(value) ? value : [value]);

export function typesOf(document) {
  const types = listed(document.type);
  return types.every(isText) ? types : [];
}

/** Who issued a document; an empty text where that is malformed. */
export function issuerId(document) {
  const found = isObject(document.issuer) ? document.issuer.id : document.issuer;
  return isText(found) ? found : '';
}

export const isTranscript = document => typesOf(document).includes('ClrCredential');

/** The credentials that a transcript contains. */
export function membersOf(document) {
  const found = isObject(document.credentialSubject) ? document.credentialSubject.verifiableCredential : null;
  return isTranscript(document) && Array.isArray(found) ? found : [];
}

/** A name by which people know a credential. */
export function labelOf(document) {
  if (!isObject(document)) return '';
  const name = [document.name, document.id].find(one => isText(one) && one !== '');
  return (name ?? '').slice(0, 300);
}

/** Refuse what is no credential at all. */
export function checkShape(document) {
  const refuse = field => {
    throw new Refusal('signature.not_credential', { field });
  };
  if (!isObject(document)) refuse('credential');
  const contexts = document['@context'];
  if (!Array.isArray(contexts) || contexts[0] !== CREDENTIALS_V2) refuse('@context');
  if (!typesOf(document).includes('VerifiableCredential')) refuse('type');
  if (!issuerId(document)) refuse('issuer');
  if (typeof document.credentialSubject !== 'object' || document.credentialSubject === null) refuse('credentialSubject');
}

function timeOf(document, field) {
  if (!(field in document)) return null;
  const time = readTime(document[field]);
  if (time === null) throw new Refusal('validity.malformed', { field });
  return time;
}

/** Whether `now` lies in the time for which a credential was issued; a proof that expires ends it too. */
export function checkValidity(document, now) {
  let times;
  try {
    times = [timeOf(document, 'validFrom'), timeOf(document, 'validUntil'),
      ...listed(document.proof).filter(isObject).map(proof => timeOf(proof, 'expires'))];
  } catch (problem) {
    return refused(problem);
  }
  const [begin, end, ...ends] = times;
  const told = { from: document.validFrom ?? '', until: document.validUntil ?? '' };
  if (begin !== null && end !== null && end < begin) return finding('bad', 'validity.malformed', { field: 'validUntil' });
  if (begin !== null && now < begin) return finding('bad', 'validity.not_yet', { from: told.from });
  if (end !== null && now > end) return finding('bad', 'validity.expired', { until: told.until });
  if (ends.some(time => time !== null && now > time)) return finding('bad', 'validity.proof_expired');
  return finding('good', end === null ? 'validity.no_end' : 'validity.good', told);
}
