// Whether a transcript shows all of a person's trace, or says honestly that it shows a part.
import { Refusal } from './bytes.js';
import { prove } from './evidence.js';
import { finding, refused, within } from './findings.js';
import { isCount, isObject, isText } from './json.js';

const refuse = (code, params) => {
  throw new Refusal(`completeness.${code}`, params);
};

const isPlace = (seq, count) => isCount(seq) && seq >= 1 && seq <= count;

function traceOf(transcript) {
  const subject = transcript.credentialSubject;
  const trace = isObject(subject) && isObject(subject.trace) ? subject.trace : {};
  const { id, count, head, shown } = trace;
  const fit = isText(id) && isCount(count) && (count ? isText(head) : head === null)
    && Array.isArray(shown) && shown.every(seq => isPlace(seq, count));
  if (!fit) refuse('malformed');
  const seen = new Set();
  for (const seq of shown) {
    if (seen.has(seq)) refuse('duplicate', { seq });
    seen.add(seq);
  }
  return trace;
}

const placeOf = logged => (isObject(logged.payload?.trace) ? logged.payload.trace : {});

/** Number of a logged event in this trace, or null where it belongs to none or to another. */
function seqOf(logged, trace) {
  const { id, seq } = placeOf(logged);
  return id === trace.id && isPlace(seq, trace.count) ? seq : null;
}

async function proveEvent(book, evidence) {
  try {
    const proven = await prove(book, evidence);
    if (proven.head.problem) throw proven.head.problem;
    return proven;
  } catch (problem) {
    throw within('completeness.evidence', problem);
  }
}

async function readEvents(book, trace, disclosed) {
  if (!Array.isArray(disclosed)) refuse('malformed');
  const found = new Map();
  for (const evidence of disclosed) {
    const logged = await proveEvent(book, evidence);
    const seq = seqOf(logged, trace);
    if (seq === null) refuse('extra');
    if (found.has(seq)) refuse('duplicate', { seq });
    found.set(seq, logged);
  }
  const missing = trace.shown.find(seq => !found.has(seq));
  if (missing !== undefined) refuse('missing', { seq: missing });
  if (found.size !== trace.shown.length) refuse('extra');
  return found;
}

/** Each event names the commitment of the one before it, and the last is the head that the transcript names. */
function checkChain(trace, events) {
  for (const seq of [...events.keys()].sort((one, other) => one - other)) {
    const logged = events.get(seq);
    const prev = placeOf(logged).prev ?? null;
    const before = events.get(seq - 1);
    if (seq === 1 && prev !== null) refuse('gap', { seq });
    if (before && prev !== before.entry.commitment) refuse('gap', { seq });
    if (seq === trace.count && logged.entry.commitment !== trace.head) refuse('head');
  }
}

/** The answer, and the events shown where it is good. */
export async function checkCompleteness(book, transcript, disclosed, members) {
  try {
    const trace = traceOf(transcript);
    if (members.some(logged => seqOf(logged, trace) === null)) refuse('member');
    const events = await readEvents(book, trace, disclosed);
    checkChain(trace, events);
    const { count } = trace;
    const found = events.size === count ? finding('good', 'completeness.whole', { count })
      : finding('good', 'completeness.partial', { shown: events.size, count });
    return { found, events: [...events].map(([seq, { entry, payload }]) => (
      { seq, action: payload.action, at: payload.at, issuer: entry.issuer })) };
  } catch (problem) {
    return { found: refused(problem), events: [] };
  }
}
