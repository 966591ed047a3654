// Points in time as RFC 3339 writes them.

const TIME = /^((?!0000)\d{4}-\d\d-\d\dT)([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Milliseconds since 1970 of a time with its zone, or null. */
export function readTime(text) {
  const found = typeof text === 'string' ? TIME.exec(text) : null;
  if (!found) return null;
  const day = new Date(`${found[1]}00:00:00Z`);
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(found[1])) return null;
  return Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
}

/** A time to the second, in UTC, as reports write it. */
export const writeTime = milliseconds => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
