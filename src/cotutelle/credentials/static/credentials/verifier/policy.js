// Which logs and witnesses are trusted, and how many must have seen a checkpoint (C2SP tlog-policy).
import { Refusal, hex, utf8 } from './bytes.js';
import {
  COSIGNATURE, COSIGNATURE_MLDSA, ED25519,
  parseCheckpoint, parseNote, parseVerifier, verifyCosignature, verifyLogSignature,
} from './notes.js';

const NONE = 'none';
const MOST_OCTETS = 1_000_000;

/** Read a policy file; octets beyond ASCII are opaque, so lines are cut before anything is decoded. */
export async function parsePolicy(source) {
  const octets = typeof source === 'string' ? utf8(source) : source;
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  const seen = { keys: new Set(), members: new Set() };
  const refuse = number => {
    throw new Refusal('policy.line', { line: number });
  };
  if (octets.length > MOST_OCTETS || octets.some(octet => (octet < 0x20 && octet !== 9 && octet !== 10) || octet === 0x7f)) refuse(0);
  const lines = Array.from(octets, octet => String.fromCharCode(octet)).join('').split('\n');
  for (const [at, line] of lines.entries()) {
    const items = line.split(/[ \t]+/).filter(item => item !== '');
    if (!items.length || items[0][0] === '#') continue;
    if (!(await readLine(policy, seen, items))) refuse(at + 1);
  }
  if (policy.quorum === null) refuse(lines.length);
  return policy;
}

const octetsOf = item => Uint8Array.from(item, letter => letter.charCodeAt(0));
const readable = item => new TextDecoder().decode(octetsOf(item));

async function readLine(policy, seen, [word, ...rest]) {
  switch (word) {
    case 'log': return readLog(policy, seen, rest);
    case 'witness': return readWitness(policy, seen, rest);
    case 'group': return readGroup(policy, seen, rest);
    case 'quorum': return readQuorum(policy, rest);
    default: return false;
  }
}

const known = (policy, name) => policy.witnesses.has(name) || policy.groups.has(name);
const free = (policy, name) => name !== NONE && !known(policy, name);

async function readKey(seen, kind, vkey, algorithms) {
  const verifier = await parseVerifier(readable(vkey));
  const marks = [`${kind} ${hex(verifier.publicKey)}`, `${kind} ${verifier.name} ${verifier.id}`];
  if (marks.some(mark => seen.keys.has(mark)) || !algorithms.includes(verifier.algorithm)) return null;
  marks.forEach(mark => seen.keys.add(mark));
  return verifier;
}

async function readLog(policy, seen, items) {
  if (items.length < 1 || items.length > 2) return false;
  const verifier = await readKey(seen, 'log', items[0], [ED25519, COSIGNATURE_MLDSA]);
  if (verifier) policy.logs.push({ verifier, url: items[1] ? readable(items[1]) : null });
  return Boolean(verifier);
}

async function readWitness(policy, seen, items) {
  if (items.length < 2 || items.length > 3 || !free(policy, items[0])) return false;
  const verifier = await readKey(seen, 'witness', items[1], [COSIGNATURE, COSIGNATURE_MLDSA]);
  if (verifier) policy.witnesses.set(items[0], { label: readable(items[0]), verifier });
  return Boolean(verifier);
}

function readGroup(policy, seen, [name, rule, ...members]) {
  if (!members.length || !free(policy, name)) return false;
  const stated = /^[1-9][0-9]{0,8}$/.test(rule) ? Number(rule) : 0;
  const least = rule === 'any' ? 1 : rule === 'all' ? members.length : stated;
  if (least < 1 || least > members.length) return false;
  for (const member of members) {
    if (!known(policy, member) || seen.members.has(member)) return false;
    seen.members.add(member);
  }
  policy.groups.set(name, { label: readable(name), least, members });
  return true;
}

function readQuorum(policy, items) {
  if (policy.quorum !== null || items.length !== 1) return false;
  if (items[0] !== NONE && !known(policy, items[0])) return false;
  [policy.quorum] = items;
  return true;
}

/** Whether the witnesses in `names` are enough for `wanted`, a witness, a group or `none`. */
function isEnough(policy, names, wanted = policy.quorum) {
  if (wanted === NONE) return true;
  const group = policy.groups.get(wanted);
  if (!group) return names.has(wanted);
  return group.members.filter(member => isEnough(policy, names, member)).length >= group.least;
}

/**
 * Check a checkpoint. Refused is one that no log of the policy signed under its own origin. Whether enough witnesses
 * have seen it stands in `problem`, which is null where they have. Signatures that no browser can check (ML-DSA) are
 * never counted; where they might make up the quorum, the problem is the browser's.
 */
export async function checkCheckpoint(policy, note) {
  const { text, signatures } = parseNote(note);
  const checkpoint = parseCheckpoint(text);
  const found = { checkpoint, signed: false, unchecked: false, broken: false, cosigned: new Map(), later: new Set() };
  for (const signature of signatures) {
    await weighLogs(policy, found, signature);
    await weighWitnesses(policy, found, signature);
  }
  const { origin } = checkpoint;
  if (!found.signed) throw new Refusal(found.unchecked ? 'browser.no_mldsa' : 'logged.log', { origin });
  const cosigners = [...found.cosigned].map(([name, time]) => ({ name: policy.witnesses.get(name).label, time }));
  return { checkpoint, cosigners, problem: shortfall(policy, found) };
}

function shortfall(policy, { broken, cosigned, later }) {
  if (broken) return new Refusal('witnesses.signature');
  const names = new Set(cosigned.keys());
  if (isEnough(policy, names)) return null;
  if (isEnough(policy, new Set([...names, ...later]))) return new Refusal('browser.witnesses');
  return new Refusal('witnesses.quorum', { count: names.size });
}

const isBy = (verifier, signature) => verifier.name === signature.name && verifier.id === signature.id;

async function weighLogs(policy, found, signature) {
  const { checkpoint } = found;
  for (const { verifier } of policy.logs.filter(log => isBy(log.verifier, signature))) {
    const own = verifier.name === checkpoint.origin;
    if (verifier.algorithm === COSIGNATURE_MLDSA) found.unchecked ||= own;
    else if (!(await verifyLogSignature(verifier, checkpoint.text, signature.octets))) throw new Refusal('logged.signature');
    else found.signed ||= own;
  }
}

async function weighWitnesses(policy, found, signature) {
  for (const [name, { verifier }] of policy.witnesses) {
    if (!isBy(verifier, signature)) continue;
    if (verifier.algorithm === COSIGNATURE_MLDSA) {
      found.later.add(name);
      continue;
    }
    const time = await verifyCosignature(verifier, found.checkpoint.text, signature.octets);
    if (time === null) found.broken = true;
    else found.cosigned.set(name, time);
  }
}
