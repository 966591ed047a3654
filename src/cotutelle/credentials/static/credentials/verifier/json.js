// JSON read strictly (RFC 8259, no name twice, no number that JavaScript would bend) and written canonically (RFC 8785).
import { Refusal, utf8 } from './bytes.js';

export const LARGEST_TEXT = 8 * 1024 * 1024;
const LEVELS = 64;

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Value of a JSON text. Objects have no prototype, so that no name means anything by itself. */
export function parseJson(text) {
  if (text.length > LARGEST_TEXT) throw new Refusal('file.too_large', { most: '8 MiB' });
  let at = text[0] === '\ufeff' ? 1 : 0;

  const fail = (code = 'file.not_json', params = {}) => {
    throw new Refusal(code, params);
  };
  const skip = () => {
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  };
  const expect = letter => {
    if (text[at] !== letter) fail();
    at += 1;
  };
  const word = (letters, value) => {
    if (!text.startsWith(letters, at)) fail();
    at += letters.length;
    return value;
  };

  function string() {
    expect('"');
    let found = '';
    for (;;) {
      PLAIN.lastIndex = at;
      const plain = PLAIN.exec(text)[0];
      found += plain;
      at += plain.length;
      if (text[at] === '"') break;
      if (text[at] !== '\\') fail();
      found += escaped();
    }
    at += 1;
    if (/[\ud800-\udfff]/u.test(found)) fail('file.not_text');
    return found;
  }

  function escaped() {
    const letter = text[at + 1];
    if (letter === 'u') {
      const code = text.slice(at + 2, at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(code)) fail();
      at += 6;
      return String.fromCharCode(parseInt(code, 16));
    }
    if (!Object.hasOwn(ESCAPES, letter ?? '')) fail();
    at += 2;
    return ESCAPES[letter];
  }

  function number() {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(text);
    if (!found) fail(/^-?(?:NaN|Infinity)/.test(text.slice(at, at + 9)) ? 'file.number' : 'file.not_json', { number: text.slice(at, at + 9) });
    at += found[0].length;
    const value = Number(found[0]);
    const whole = found[1] === undefined && found[2] === undefined;
    if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) fail('file.number', { number: found[0].slice(0, 17) });
    return value;
  }

  function object(depth) {
    const found = Object.create(null);
    expect('{');
    skip();
    if (text[at] === '}') return word('}', found);
    for (;;) {
      skip();
      const name = string();
      if (name in found) fail('file.duplicate_key', { key: shown(name) });
      skip();
      expect(':');
      found[name] = value(depth + 1);
      skip();
      if (text[at] === '}') return word('}', found);
      expect(',');
    }
  }

  function array(depth) {
    const found = [];
    expect('[');
    skip();
    if (text[at] === ']') return word(']', found);
    for (;;) {
      found.push(value(depth + 1));
      skip();
      if (text[at] === ']') return word(']', found);
      expect(',');
    }
  }

  function value(depth) {
    skip();
    if (depth >= LEVELS && (text[at] === '{' || text[at] === '[')) fail('file.too_deep', { most: LEVELS });
    switch (text[at]) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string();
      case 't': return word('true', true);
      case 'f': return word('false', false);
      case 'n': return word('null', null);
      default: return number();
    }
  }

  const found = value(0);
  skip();
  if (at !== text.length) fail();
  return found;
}

export const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText = value => typeof value === 'string';
/** A text from a stranger's file as a refusal may repeat it: cut; empty for no text. */
export const shown = value => (isText(value) ? value.slice(0, 200) : '');
export const isCount = value => Number.isSafeInteger(value) && value >= 0;

/** Whether `value` is an object with these names, perhaps some of `optional`, and no other. */
export function hasShape(value, required, optional = []) {
  return isObject(value) && required.every(name => name in value)
    && Object.keys(value).every(name => required.includes(name) || optional.includes(name));
}

/** Canonical text: names sorted by UTF-16 code units, numbers as ECMAScript writes them. */
function canonicalText(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort((one, other) => (one < other ? -1 : 1));
  return `{${names.map(name => `${JSON.stringify(name)}:${canonicalText(value[name])}`).join(',')}}`;
}

/** Octets of the canonical form (RFC 8785). */
export const canonicalJson = value => utf8(canonicalText(value));
