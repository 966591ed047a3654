// What a credential states: who, what, by whom, when, with which results; and a transcript's events with their gaps.
import { el } from './dom.js';
import { knows, language, moment, say } from './words.js';

const isText = value => typeof value === 'string' && value !== '';
const isThing = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const things = value => (Array.isArray(value) ? value : [value]).filter(isThing);

/** A text of a thing in the language of the page: Chinese stands in its `zh` part. */
function text(thing, name) {
  const chinese = language() === 'zh' && isThing(thing?.zh) ? thing.zh[name] : undefined;
  const found = isText(chinese) ? chinese : thing?.[name];
  return isText(found) ? found : null;
}

const line = (name, ...value) => [el('dt', {}, say(`fact.${name}`)), el('dd', {}, ...value)];
const day = value => (isText(value) ? moment(value, { withTime: false }) : null);

/** Name of who issued a credential, in the language of the page. */
export const issuerName = ({ issuer }) => (isThing(issuer) ? text(issuer, 'name') : null);
const issuerIdOf = ({ issuer }) => (isThing(issuer) ? issuer.id : issuer);

function issuerOf(credential) {
  const id = issuerIdOf(credential);
  const name = issuerName(credential);
  return [name && el('b', {}, name), name && el('br'), isText(id) ? el('span', { class: 'cv-id' }, id) : null];
}

const isPlain = value => isText(value) || typeof value === 'number' || typeof value === 'boolean';

/** A fact in words: text in the language of the page, days as it writes them, lists with its comma. */
function plain(value) {
  if (isPlain(value)) return moment(String(value), { withTime: false });
  if (Array.isArray(value)) return value.filter(isPlain).map(plain).join(say('list.comma'));
  const found = isThing(value) ? value[language()] ?? value.en : null;
  return isPlain(found) ? String(found) : null;
}

/** Each mentor by role, with name and institution. */
const mentorLines = mentors => things(mentors ?? []).map(({ role, name, institution }) => {
  const shown = [plain(name), plain(institution)].filter(Boolean).join(' · ');
  const code = isText(role) && knows(`mentor.${role}`) ? `mentor.${role}` : 'mentor.other';
  return shown && [el('dt', {}, say(code)), el('dd', {}, shown)];
});

/** What the kind of credential states beyond a name: a mark with its standard error, weeks, mentors. */
function factLines(given) {
  const facts = isThing(given) ? { ...given } : {};
  if (isPlain(facts.value) && isPlain(facts.standardError)) {
    facts.value = say('fact.with_error', { value: facts.value, error: facts.standardError });
    delete facts.standardError;
  }
  if (isThing(facts.scale) && isPlain(facts.scale.min) && isPlain(facts.scale.max)) {
    facts.scale = say('fact.range', { low: facts.scale.min, high: facts.scale.max });
  }
  const lines = Object.entries(facts).map(([name, value]) => {
    const shown = plain(value);
    return shown && [el('dt', {}, knows(`facts.${name}`) ? say(`facts.${name}`) : name), el('dd', {}, shown)];
  });
  return [...lines, ...mentorLines(facts.mentors)];
}

/** Results for badge viewers; one that the facts state already is not repeated. */
function results(subject) {
  const told = isThing(subject.facts) && isPlain(subject.facts.value) ? String(subject.facts.value) : null;
  const found = things(subject.result ?? []).map(one => one.value).filter(value => isPlain(value) && String(value) !== told);
  return found.length ? line('results', found.map(String).join(say('list.semicolon'))) : null;
}

/** The facts of one credential. */
export function credentialCard(credential, confirmed) {
  const subject = things(credential.credentialSubject)[0] ?? {};
  const achievement = things(subject.achievement ?? {})[0] ?? {};
  const title = text(credential, 'name') ?? text(achievement, 'name') ?? text(credential, 'id');
  const about = text(achievement, 'description') ?? text(credential, 'description');
  const narrative = text(achievement.criteria ?? {}, 'narrative');
  const criteria = language() === 'zh' ? text(achievement, 'criteria') ?? narrative : narrative;
  return el('section', { class: 'cv-card cv-paper' },
    el('h2', {}, title),
    confirmed ? null : el('p', { class: 'cv-warn' }, say('fact.unchecked')),
    about && el('p', {}, about),
    el('dl', { class: 'cv-facts' },
      line('holder', text(subject, 'name') ?? el('span', { class: 'cv-meta' }, say('fact.nameless'))),
      line('issuer', ...issuerOf(credential)),
      day(credential.validFrom) && line('from', day(credential.validFrom)),
      line('until', day(credential.validUntil) ?? say('fact.no_end')),
      factLines(subject.facts),
      results(subject),
      criteria && line('criteria', criteria),
      isText(credential.id) && line('id', el('span', { class: 'cv-id' }, credential.id))));
}

/** The credentials inside a transcript. */
export function membersCard(members) {
  if (!members.length) return null;
  return el('section', { class: 'cv-card' },
    el('h2', {}, say('fact.members')),
    el('ul', { class: 'cv-members' }, members.map(one => el('li', {},
      el('b', {}, text(one, 'name') ?? text(one, 'id')), el('br'),
      el('span', { class: 'cv-meta' }, [issuerName(one), day(one.validFrom)].filter(Boolean).join(' · '))))));
}

/** Shown events in their order, each stretch that is left out as one line. */
function steps(events, count) {
  const found = [];
  let next = 1;
  const gap = last => {
    if (last > next) found.push({ gap: say('trace.gap', { first: next, last }) });
    else if (last === next) found.push({ gap: say('trace.gap_one', { first: next }) });
  };
  for (const event of [...events].sort((one, other) => one.seq - other.seq)) {
    gap(event.seq - 1);
    found.push(event);
    next = event.seq + 1;
  }
  gap(count);
  return found;
}

const actionOf = ({ action }) => (knows(`action.${action}`) ? say(`action.${action}`) : el('code', {}, String(action)));

/** The course of training that a transcript shows; null where there is none. `credentials` give issuers their names. */
export function traceCard(trace, events, credentials) {
  if (!trace || !Number.isSafeInteger(trace.count)) return null;
  const names = new Map(credentials.map(one => [issuerIdOf(one), issuerName(one)]));
  const whole = events.length === trace.count;
  return el('section', { class: 'cv-card' },
    el('h2', {}, say('trace.title')),
    el('p', {}, say(whole ? 'trace.whole' : 'trace.partial', { shown: events.length, count: trace.count })),
    el('ol', { class: 'cv-trace' }, steps(events, trace.count).map(step => (step.gap
      ? el('li', { class: 'cv-gap' }, step.gap)
      : el('li', {}, el('span', { class: 'cv-seq' }, String(step.seq)), el('div', {},
        el('b', {}, actionOf(step)), el('br'),
        el('span', { class: 'cv-meta' }, `${moment(step.at)} · ${names.get(step.issuer) ?? step.issuer}`)))))));
}
