// Sentences in the language of the page, with dates as that language writes them.

const TIME = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let table = {};
let spoken = 'en';

export const useWords = words => {
  table = words;
};
export const language = () => spoken;
export const speak = chosen => {
  spoken = chosen;
};

/** A day, or a time in UTC, in words; other text is returned as it is. */
export function moment(text, { withTime = true } = {}) {
  if (typeof text !== 'string' || !TIME.test(text)) return String(text);
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const date = spoken === 'zh' ? `${year}年${month + 1}月${day}日` : `${day} ${MONTHS[month]} ${year}`;
  if (!withTime || !text.includes('T')) return date;
  const clock = at.toISOString().slice(11, 16);
  return spoken === 'zh' ? `${date} ${clock}（UTC）` : `${date}, ${clock} UTC`;
}

/** The sentence of a code; `{reason}` is the sentence of the code in `params.code`. */
export function say(code, params = {}) {
  const sentence = table[code]?.[spoken];
  if (sentence === undefined) return code;
  const { code: inner, ...values } = params;
  if (inner !== undefined) values.reason = say(inner, values);
  const shown = value => (Array.isArray(value) ? value.map(String).join(table['list.comma'][spoken]) : moment(value));
  return sentence.replace(/\{(\w+)\}/g, (place, name) => (name in values ? shown(values[name]) : ''));
}

export const knows = code => code in table;
