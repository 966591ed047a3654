// Data Integrity proofs of verifiable credentials: cryptosuite eddsa-jcs-2022 (W3C vc-di-eddsa §3.3).
import { Refusal, concat, ed25519, multikey, sameOctets, sha256, unbase58 } from './bytes.js';
import { canonicalJson, isObject, isText, shown } from './json.js';
import { readTime } from './times.js';

const SUITE = 'eddsa-jcs-2022';
const ELSEWHERE = 'eddsa-rdfc-2022';
const MOST_PROOFS = 8;

const refuse = (code, params) => {
  throw new Refusal(`signature.${code}`, params);
};
const malformed = field => refuse('malformed', { field });

/** Proofs of a document, one to eight. */
function proofsOf(document) {
  const found = document.proof ?? null;
  const proofs = Array.isArray(found) ? found : [found];
  if (found === null || !proofs.length) refuse('no_proof');
  if (proofs.length > MOST_PROOFS || !proofs.every(isObject)) malformed('proof');
  return proofs;
}

/** Controller and key of a verification method `CONTROLLER#z6Mk…`. */
function methodOf(proof) {
  const method = isText(proof.verificationMethod) ? proof.verificationMethod : '';
  const cut = method.indexOf('#');
  const key = method.slice(cut + 1);
  if (cut <= 0 || !key) refuse('method', { method: shown(method) });
  const publicKey = multikey(key);
  if (!publicKey) refuse('method', { method: shown(key) });
  return { controller: method.slice(0, cut), key, publicKey };
}

function checkForm(proof) {
  if (proof.type !== 'DataIntegrityProof') malformed('type');
  if (proof.cryptosuite !== SUITE && proof.cryptosuite !== ELSEWHERE) {
    refuse('unknown_suite', { suite: shown(proof.cryptosuite) });
  }
  if (proof.proofPurpose !== 'assertionMethod') refuse('purpose', { purpose: shown(proof.proofPurpose) });
  if ('previousProof' in proof) malformed('previousProof');
  for (const field of ['created', 'expires']) {
    if (field in proof && readTime(proof[field]) === null) malformed(field);
  }
}

const listed = value => (Array.isArray(value) ? value : [value]);
const sameJson = (one, other) => sameOctets(canonicalJson(one), canonicalJson(other));

/** The document as this proof signed it: its contexts must begin with those of the proof. */
function signedPart(document, proof) {
  const { proof: _left, ...plain } = document;
  if (!('@context' in proof)) return plain;
  const whole = listed(plain['@context'] ?? null);
  const parts = listed(proof['@context']);
  const fits = parts.length > 0 && parts.every((one, at) => at < whole.length && sameJson(one, whole[at]));
  if (!fits) refuse('context');
  return { ...plain, '@context': proof['@context'] };
}

async function checkOne(document, proof, publicKey) {
  checkForm(proof);
  const value = isText(proof.proofValue) && proof.proofValue[0] === 'z' ? unbase58(proof.proofValue.slice(1)) : null;
  if (value?.length !== 64) malformed('proofValue');
  const plain = signedPart(document, proof);
  if (proof.cryptosuite === ELSEWHERE) return false;
  const { proofValue: _value, ...options } = proof;
  const hashes = await Promise.all([options, plain].map(part => sha256(canonicalJson(part))));
  if (!(await ed25519(publicKey, value, concat(...hashes)))) refuse('altered');
  return true;
}

/**
 * Check every proof of a document under the key that its own method names. Returned are controller and key of
 * each; whose keys they are is another question.
 */
export async function checkProofs(document) {
  const methods = [];
  let elsewhere = false;
  for (const proof of proofsOf(document)) {
    const method = methodOf(proof);
    if (!(await checkOne(document, proof, method.publicKey))) elsewhere = true;
    methods.push(method);
  }
  if (elsewhere) throw new Refusal('browser.suite', { suite: ELSEWHERE });
  return methods;
}
