// The answer: verdict first, then what the file states, then check by check.
import { el, icon } from './dom.js';
import { issuerName } from './credential.js';
import { knows, moment, say } from './words.js';

const MARKS = { valid: 'shield', refused: 'stop', unknown: 'question' };
const SHOWN_IN_VERDICT = { refused: 'bad', unknown: 'unknown' };

/** Sentence of a check; a code this page has no sentence for is shown as it is, never hidden. */
const sentence = check => (knows(check.code) ? say(check.code, check.params) : `${check.code}`);

function reasons(report) {
  const wanted = SHOWN_IN_VERDICT[report.verdict];
  if (wanted) return report.checks.filter(check => check.state === wanted).map(sentence);
  if (report.kind !== 'credential') return [];
  const issuer = issuerName(report.facts.credential) ?? report.facts.issuer.id;
  const partial = report.checks.filter(check => check.code === 'completeness.partial').map(sentence);
  const asOf = report.checks.find(check => check.name === 'status')?.params.as_of;
  return [asOf ? say('title.valid_note', { issuer, as_of: asOf }) : say('title.valid_no_status', { issuer }), ...partial];
}

/** The verdict, in one sentence with its reasons. */
export function verdictCard(report, source) {
  const of = report.kind === 'credential' ? '' : 'entry_';
  const lines = [...new Set(reasons(report))];
  return el('section', { class: `cv-card cv-verdict cv-${report.verdict}`, 'data-verdict': report.verdict },
    icon(MARKS[report.verdict], 44),
    el('div', {},
      el('h2', { tabindex: '-1', id: 'cv-verdict' }, say(`title.${of}${report.verdict}`)),
      lines.length === 1 ? el('p', { class: 'cv-reason' }, lines[0])
        : lines.length ? el('ul', { class: 'cv-reason' }, lines.map(line => el('li', {}, line))) : null,
      el('p', { class: 'cv-meta' },
        source ? `${say('page.file', { name: source })} · ` : '', say('page.checked_at', { at: report.checked_at }))));
}

/** A refusal before anything could be checked. */
export function problemCard(title, text) {
  return el('section', { class: 'cv-card cv-verdict cv-unknown', 'data-verdict': 'none' },
    icon('question', 44),
    el('div', {}, el('h2', { tabindex: '-1', id: 'cv-verdict' }, title), el('p', { class: 'cv-reason' }, text)));
}

/** How old the status is that was read, in days. */
function ageLine(check, checkedAt) {
  if (check.name !== 'status' || check.state !== 'good' || !check.params.as_of) return null;
  const days = Math.floor((Date.parse(checkedAt) - Date.parse(check.params.as_of)) / 86_400_000);
  return el('p', { class: 'cv-meta' }, days < 1 ? say('age.today') : say('age.days', { days }));
}

const row = (check, checkedAt) => el('li', { class: `cv-check cv-${check.state}`, 'data-check': check.name, 'data-state': check.state, 'data-code': check.code },
  el('span', { class: 'cv-state' }, icon(check.state), el('span', {}, say(`state.${check.state}`))),
  el('div', {}, el('h3', {}, say(`row.${check.name}`)), el('p', {}, sentence(check)), ageLine(check, checkedAt)));

export function checksCard(report) {
  return el('section', { class: 'cv-card' },
    el('h2', {}, say('page.checks')),
    el('ol', { class: 'cv-checks' }, report.checks.map(check => row(check, report.checked_at))));
}

const DONE = ['signature', 'key', 'log', 'status'];
const OPEN = ['later', 'person', 'chain', 'mldsa', 'rdfc'];
const bullets = (group, names) => el('ul', {}, names.map(name => el('li', {}, say(`scope.${group}_${name}`))));

/** What such a check can and cannot tell, whatever its outcome. */
export function scopeCard() {
  return el('section', { class: 'cv-card' },
    el('h2', {}, say('scope.title')),
    el('div', { class: 'cv-halves' },
      el('div', {}, el('h3', {}, say('scope.done')), bullets('done', DONE)),
      el('div', {}, el('h3', {}, say('scope.open')), bullets('open', OPEN))));
}

/** The entry of a log that a proof was about. */
export function entryCard(report) {
  const { entry, payload, place } = report.facts;
  const line = (name, value) => [el('dt', {}, say(`entry.${name}`)), el('dd', {}, value)];
  return el('section', { class: 'cv-card' },
    el('h2', {}, say('entry.title')),
    el('dl', { class: 'cv-facts' },
      entry && [line('issuer', entry.issuer), line('kind', say(`kind.${entry.kind}`)), line('day', moment(entry.day))],
      place && line('place', say('entry.place_of', place))),
    entry ? el('h3', {}, say('entry.content')) : el('p', {}, say('entry.needed')),
    entry && (payload === null ? el('p', {}, say('entry.hidden'))
      : el('pre', { class: 'cv-text', tabindex: '0' }, JSON.stringify(payload, null, 2))));
}
