// Answers: a state, a code that has a sentence, and what fills its places.
import { Refusal } from './bytes.js';

export const finding = (state, code, params = {}) => ({ state, code, params });

/** Whether a refusal only says what a browser cannot do; that is never the credential's fault. */
const isOwnLimit = problem => problem.code.startsWith('browser.') || String(problem.params.code).startsWith('browser.');

/** A refusal as an answer. Anything but a refusal is a fault of this page and is not caught. */
export function refused(problem) {
  if (!(problem instanceof Refusal)) throw problem;
  return finding(isOwnLimit(problem) ? 'unknown' : 'bad', problem.code, problem.params);
}

/** The same refusal, told under the code of the row it matters to. */
export function within(code, problem) {
  if (!(problem instanceof Refusal)) return problem;
  return new Refusal(code, { ...problem.params, code: problem.code });
}

const memberOf = (name, found, row) => (found.state === 'good' ? found
  : finding(found.state, `${row}.member`, { ...found.params, name, code: found.code }));

/** What a row says of a transcript and of the credentials in it: first what is bad, then what is not good. */
export function worst(main, others, row) {
  const ranked = [main, ...others.map(([name, found]) => memberOf(name, found, row))];
  for (const state of ['bad', 'unknown', 'absent']) {
    const found = ranked.find(one => one.state === state);
    if (found) return found;
  }
  return main;
}
