// Elements and icons. Text from files becomes text nodes, never markup.

const SVG = 'http://www.w3.org/2000/svg';

const ICONS = {
  good: ['M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18', 'M8.5 12l2.5 2.5l4.5 -5'],
  bad: ['M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18', 'M9 9l6 6', 'M15 9l-6 6'],
  unknown: ['M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18', 'M9.8 9.6a2.3 2.3 0 1 1 3.4 2.1c-.8 .4 -1.2 .9 -1.2 1.8', 'M12 16.5v.01'],
  absent: ['M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18', 'M8.5 12h7'],
  shield: ['M12 3l7 3v5c0 4.6 -2.9 8.2 -7 10c-4.1 -1.8 -7 -5.4 -7 -10v-5z', 'M9 12l2.2 2.2l3.8 -4'],
  stop: ['M12 3l7 3v5c0 4.6 -2.9 8.2 -7 10c-4.1 -1.8 -7 -5.4 -7 -10v-5z', 'M9.5 9.5l5 5', 'M14.5 9.5l-5 5'],
  question: ['M12 3l7 3v5c0 4.6 -2.9 8.2 -7 10c-4.1 -1.8 -7 -5.4 -7 -10v-5z', 'M12 8v4.5', 'M12 15.5v.01'],
  file: ['M14 3v5h5', 'M17 21h-10a2 2 0 0 1 -2 -2v-14a2 2 0 0 1 2 -2h7l5 5v11a2 2 0 0 1 -2 2z', 'M12 17v-6', 'M9.5 13.5l2.5 -2.5l2.5 2.5'],
  theme: ['M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18', 'M12 3v18', 'M12 14l7 -7', 'M12 19l8.5 -8.5'],
};

/** An element: `el('p', {class: 'cv-lead'}, 'text', child, [more])`. Handlers are given as functions. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon; what it means stands beside it in words. */
export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, 'svg');
  const look = {
    viewBox: '0 0 24 24', width: size, height: size, fill: 'none', stroke: 'currentColor',
    'stroke-width': 1.9, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true', class: 'cv-icon',
  };
  for (const [key, value] of Object.entries(look)) svg.setAttribute(key, value);
  for (const line of ICONS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', line);
    svg.append(path);
  }
  return svg;
}
