// Whose key it was when something was logged: key events, and their order in the log.
import { Refusal, multikey } from './bytes.js';
import { prove } from './evidence.js';
import { finding, refused, within } from './findings.js';
import { isCount, isText } from './json.js';

const ADDED = 'added';
const RETIRED = 'retired';
const COMPROMISED = 'compromised';
const KEY_EVENT = 'issuer.key_event';

/** The key event of a proven entry: an institution speaks of its own keys only. */
function eventOf({ entry, index, origin }) {
  const { event, controller, key, from_index: from, origin: named = null } = entry.statement ?? {};
  const about = event === COMPROMISED ? named : null;
  const fit = entry.kind === 'key' && [ADDED, RETIRED, COMPROMISED].includes(event) && isText(controller)
    && controller === entry.issuer && multikey(key) && (event !== COMPROMISED || isCount(from))
    && (about === null || isText(about));
  if (!fit) throw new Refusal(KEY_EVENT, { code: 'logged.malformed' });
  return { event, controller, key, from, about, index, origin };
}

async function proveEvent(book, evidence) {
  try {
    const proven = await prove(book, evidence);
    if (proven.head.problem) throw proven.head.problem;
    return proven;
  } catch (problem) {
    throw within(KEY_EVENT, problem);
  }
}

/**
 * All key events of a file, each proven. One that does not hold makes the whole list useless, since nobody can say
 * what else is wrong with it.
 */
export async function readHistory(book, evidences) {
  const events = [];
  try {
    if (!Array.isArray(evidences)) throw new Refusal(KEY_EVENT, { code: 'logged.malformed' });
    for (const evidence of evidences) events.push(eventOf(await proveEvent(book, evidence)));
  } catch (problem) {
    return { events: [], problem: refused(problem) };
  }
  return { events, problem: null };
}

/**
 * Whether an event ends the key for what was logged at this place. A retirement speaks of its own log. A compromise
 * speaks of the log it names, and without a name of its own log by place and of every other at once.
 */
function ends({ event, origin: told, about, index: at, from }, { origin, index }) {
  if (event === RETIRED) return told === origin && index > at;
  if (event === ADDED) return false;
  return (about || told) === origin ? index >= BigInt(from) : about === null;
}

/** Whether `key` was the controller's, and in force, where something was logged. */
export function judgeKey(history, controller, key, place) {
  if (history.problem) return history.problem;
  const mine = history.events.filter(event => event.key === key);
  const added = mine.filter(event => event.event === ADDED);
  const own = mine.filter(event => event.controller === controller);
  const here = added.filter(event => event.controller === controller && event.origin === place.origin);
  if (added.some(event => event.controller !== controller)) return finding('bad', 'issuer.conflict', { key });
  if (!here.length) return finding('bad', 'issuer.unknown_key', { key });
  if (here.every(event => place.index <= event.index)) return finding('bad', 'issuer.before_added', { key });
  const end = own.find(event => ends(event, place));
  return end ? finding('bad', `issuer.${end.event}`, { key }) : finding('good', 'issuer.good', { key });
}
