// Whom the page trusts: logs, witnesses and the rule, in words.
import { el } from './dom.js';
import { say } from './words.js';

const MLDSA = 6;

/** Sums of the smallest numbers. */
const smallest = (numbers, count) => [...numbers].sort((one, other) => one - other).slice(0, count).reduce((sum, one) => sum + one, 0);

/** Members that any two quorums share at least, and absences that make every quorum impossible. */
function strength(policy, name) {
  const group = policy.groups.get(name);
  if (!group) return { shared: 1, blocking: 1 };
  const parts = group.members.map(member => strength(policy, member));
  return {
    shared: smallest(parts.map(part => part.shared), Math.max(0, 2 * group.least - parts.length)),
    blocking: smallest(parts.map(part => part.blocking), parts.length - group.least + 1),
  };
}

const label = (policy, name) => (policy.witnesses.get(name) ?? policy.groups.get(name)).label;

/** The rule of a policy, one sentence a group, the outermost first. */
function rules(policy) {
  if (policy.quorum === 'none') return [say('trust.none')];
  if (!policy.groups.has(policy.quorum)) return [say('trust.one', { name: label(policy, policy.quorum) })];
  const lines = [];
  const add = (name, code) => {
    const { least, members } = policy.groups.get(name);
    const names = members.map(member => label(policy, member)).join(say('list.comma'));
    lines.push(say(code, { name: label(policy, name), least, count: members.length, names }));
    members.filter(member => policy.groups.has(member)).forEach(member => add(member, 'trust.named_group'));
  };
  add(policy.quorum, 'trust.group');
  const { shared, blocking } = strength(policy, policy.quorum);
  lines.push(shared === 0 ? say('trust.disjoint') : say('trust.bears', { colluders: shared - 1, outages: blocking - 1 }));
  return lines;
}

const keyLine = (name, verifier, note) => el('li', {},
  el('b', {}, name), verifier.name === name ? null : ` ${verifier.name}`,
  ' ', el('code', {}, verifier.id), note ? ` ${note}` : null);

/** The panel; `onFile` and `onEmbedded` change the policy. */
export function trustCard(trust, { onFile, onEmbedded }) {
  const { policy, digest, source } = trust;
  const pick = el('input', { type: 'file', class: 'cv-hidden', id: 'cv-policy', change: event => onFile(event.target.files[0]) });
  return el('section', { class: 'cv-card', id: 'cv-trust' },
    el('h2', {}, say('trust.title')),
    el('p', { class: 'cv-meta' }, source ? say('trust.loaded', { name: source }) : say('trust.own'), ' · ', say('trust.lead')),
    el('div', { class: 'cv-halves' },
      el('div', {},
        el('h3', {}, say('trust.logs')),
        el('ul', {}, policy.logs.map(({ verifier }) => keyLine(verifier.name, verifier))),
        el('h3', {}, say('trust.rule')),
        rules(policy).map(line => el('p', {}, line))),
      el('div', {},
        el('h3', {}, say('trust.witnesses')),
        el('ul', {}, [...policy.witnesses.values()].map(({ label: name, verifier }) =>
          keyLine(name, verifier, verifier.algorithm === MLDSA ? say('trust.mldsa') : null))))),
    el('p', { class: 'cv-meta cv-digest' }, say('trust.digest'), ' ', el('code', { class: 'cv-long' }, digest)),
    el('p', { class: 'cv-actions' },
      pick, el('label', { for: 'cv-policy', class: 'cv-button' }, say('trust.load')),
      source ? el('button', { type: 'button', class: 'cv-button', click: onEmbedded }, say('trust.embedded')) : null));
}
