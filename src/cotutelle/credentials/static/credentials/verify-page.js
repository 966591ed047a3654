// The verifier page: a file comes in by drop, choice or paste; the answer is written below. Nothing leaves the browser.
import { LARGEST_TEXT } from './verifier/json.js';
import { Refusal, browserFit, hex, sameOctets, sha256, textOf, utf8 } from './verifier/bytes.js';
import { isPicture, unbake } from './verifier/images.js';
import { parsePolicy } from './verifier/policy.js';
import { verifyFile } from './verifier.js';
import { el, icon } from './page/dom.js';
import { credentialCard, membersCard, traceCard } from './page/credential.js';
import { checksCard, entryCard, problemCard, scopeCard, verdictCard } from './page/report.js';
import { trustCard } from './page/trust.js';
import { knows, language, say, speak, useWords } from './page/words.js';

const app = document.getElementById('cv-app');
const data = JSON.parse(document.getElementById('cv-data').textContent);
const embedded = data.policy;
const state = { fit: true, trust: null, file: null, report: null, problem: null, policyProblem: null };

async function trustOf(source, name) {
  const octets = typeof source === 'string' ? utf8(source) : source;
  return { source: name, octets, policy: await parsePolicy(octets), digest: hex(await sha256(octets)) };
}

const problemText = problem => (knows(problem.code) ? say(problem.code, problem.params) : String(problem.code ?? problem.message));

/** Text of what was opened: a badge picture gives the credential it carries. */
function opened(octets) {
  if (octets.length > LARGEST_TEXT) return ' '.repeat(LARGEST_TEXT + 1);
  if (sameOctets(octets.slice(0, 5), utf8('%PDF-'))) throw new Refusal('file.pdf_here');
  return isPicture(octets) ? unbake(octets) : textOf(octets);
}

async function check(file) {
  Object.assign(state, { file, report: null, problem: null });
  document.getElementById('cv-live').textContent = say('page.checking');
  try {
    state.report = await verifyFile(opened(file.octets), state.trust.octets, new Date());
    draw();
  } catch (problem) {
    // also where a report could not be shown: an earlier file's verdict must not stand for this one
    Object.assign(state, { report: null, problem });
    draw();
  }
  document.getElementById('cv-live').textContent = document.getElementById('cv-verdict').textContent;
  document.getElementById('cv-verdict').focus({ preventScroll: true });
  document.getElementById('cv-answer').scrollIntoView({ block: 'start' });
}

async function openFile(file) {
  if (file) await check({ name: file.name, octets: new Uint8Array(await file.arrayBuffer()) });
}

async function changePolicy(source, name) {
  try {
    state.trust = await trustOf(source, name);
    state.policyProblem = null;
  } catch (problem) {
    state.policyProblem = problem;
  }
  if (state.file && !state.policyProblem) await check(state.file);
  else draw();
}

async function openPolicy(file) {
  if (file) await changePolicy(new Uint8Array(await file.arrayBuffer()), file.name);
}

const dropped = {
  dragover: event => {
    event.preventDefault();
    event.currentTarget.classList.add('cv-over');
  },
  dragleave: event => event.currentTarget.classList.remove('cv-over'),
  drop: event => {
    event.preventDefault();
    event.currentTarget.classList.remove('cv-over');
    openFile(event.dataTransfer.files[0]);
  },
};

function intake() {
  const pick = el('input', { type: 'file', id: 'cv-file', class: 'cv-hidden', change: event => openFile(event.target.files[0]) });
  const field = el('textarea', { id: 'cv-text', rows: '6', spellcheck: 'false', autocomplete: 'off' });
  const read = event => {
    event.preventDefault();
    if (field.value.trim()) check({ name: null, octets: new TextEncoder().encode(field.value) });
  };
  return el('section', { class: `cv-card cv-intake${state.file ? ' cv-small' : ''}` },
    state.file ? el('h2', {}, say('page.again')) : null,
    el('div', { class: 'cv-drop', ...dropped },
      icon('file', 40), el('p', { class: 'cv-drop-title' }, say('page.drop')), el('p', { class: 'cv-meta' }, say('page.kinds')),
      pick, el('label', { for: 'cv-file', class: 'cv-button cv-filled' }, say('page.choose'))),
    el('details', {}, el('summary', {}, say('page.paste')),
      el('form', { submit: read }, el('label', { for: 'cv-text' }, say('page.paste_label')), field,
        el('button', { class: 'cv-button', type: 'submit' }, say('page.check_text')))));
}

function save() {
  const { facts, kind, ...report } = state.report;
  const url = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }));
  el('a', { href: url, download: 'cotutelle-report.json' }).click();
  URL.revokeObjectURL(url);
}

function answer() {
  if (state.problem) return [problemCard(say('title.unreadable'), problemText(state.problem))];
  if (!state.report) return [];
  const { report } = state;
  const { credential, members, trace, events } = report.facts;
  const cards = credential
    ? [credentialCard(credential, report.verdict === 'valid'), membersCard(members), traceCard(trace, events, [credential, ...members])]
    : [entryCard(report)];
  return [
    verdictCard(report, state.file.name),
    el('div', { class: 'cv-columns' }, el('div', {}, cards), checksCard(report)),
    el('p', { class: 'cv-actions cv-no-print' },
      el('button', { type: 'button', class: 'cv-button', click: () => print() }, say('page.print')),
      el('button', { type: 'button', class: 'cv-button', click: save }, say('page.save'))),
  ];
}

const answerBox = () => el('div', { id: 'cv-answer' }, answer());

/** What stands between a person and an answer: this browser, or the policy; else where a file comes in, and the answer. */
function body() {
  if (!state.fit) return [problemCard(say('title.browser'), say('title.browser_note'))];
  const refusedPolicy = state.policyProblem && problemCard(say('title.policy'), problemText(state.policyProblem));
  if (!state.trust) return [refusedPolicy];
  const parts = state.file ? [answerBox(), intake()] : [intake(), answerBox()];
  return refusedPolicy ? [refusedPolicy, ...parts] : parts;
}

function draw() {
  document.documentElement.lang = language() === 'zh' ? 'zh-Hans' : 'en';
  const head = data.builtOn ? [
    el('h1', {}, say('page.title')),
    el('p', { class: 'cv-lead' }, say('page.lead'), say('list.space'), say('page.built', { day: data.builtOn })),
  ] : [];
  app.replaceChildren(
    ...head,
    ...body(),
    el('p', { class: 'cv-hidden', id: 'cv-live', role: 'status' }),
    scopeCard(),
    ...(state.trust ? [trustCard(state.trust, { onFile: openPolicy, onEmbedded: () => changePolicy(embedded, null) })] : []),
  );
  drawFrame();
}

/** Buttons of the offline page; on the site the frame has its own. */
function drawFrame() {
  const theme = document.getElementById('cv-theme');
  if (!theme) return;
  theme.replaceChildren(icon('theme'), el('span', { class: 'cv-hidden' }, say('page.theme')));
  const other = document.getElementById('cv-language');
  other.textContent = say('page.language');
  other.lang = language() === 'zh' ? 'en' : 'zh-Hans';
  document.title = say('page.title');
}

function listen() {
  document.getElementById('cv-theme')?.addEventListener('click', () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
  document.getElementById('cv-language')?.addEventListener('click', () => {
    speak(language() === 'zh' ? 'en' : 'zh');
    draw();
  });
  // a file dropped beside the zone would replace the page
  addEventListener('dragover', event => event.preventDefault());
  addEventListener('drop', event => event.preventDefault());
}

async function start() {
  useWords(data.words);
  const wanted = data.builtOn ? navigator.language : document.documentElement.lang;
  speak(wanted.toLowerCase().startsWith('zh') ? 'zh' : 'en');
  listen();
  state.fit = await browserFit();
  if (state.fit) await changePolicy(embedded, null);
  else draw();
}

start();
