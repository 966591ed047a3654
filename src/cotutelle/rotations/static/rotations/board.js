/* The board: drag a stay to other months, keys, and the side panel. Every step works without it. */
(() => {
  const board = document.querySelector('[data-board]');
  if (!board) return;
  const mover = document.querySelector('[data-mover]');
  const note = document.querySelector('[data-drag-note]');
  const first = Number(board.dataset.from), shown = Number(board.dataset.months);
  const editable = board.hasAttribute('data-editable') && mover;
  const trainee = block => block.closest('tr').dataset.trainee;
  const submit = (block, values) => {
    const fields = { trainee: trainee(block), key: block.dataset.key, ward: block.dataset.ward, start: block.dataset.start, do: '', ...values };
    for (const [name, value] of Object.entries(fields)) mover.elements[name].value = value;
    sessionStorage.setItem('ct-board-stay', `${fields.trainee}/${fields.key}`);
    mover.submit();
  };

  // after a move the reader stands where they stood: the same rows and months, the same stay
  const wrap = board.closest('.board-wrap'), place = `ct-board ${location.pathname}`;
  [wrap.scrollTop, wrap.scrollLeft] = (sessionStorage.getItem(place) || '0 0').split(' ').map(Number);
  addEventListener('pagehide', () => sessionStorage.setItem(place, `${wrap.scrollTop} ${wrap.scrollLeft}`));
  const moved = sessionStorage.getItem('ct-board-stay');
  sessionStorage.removeItem('ct-board-stay');
  if (moved) [...board.querySelectorAll('a.blk')].find(block => `${trainee(block)}/${block.dataset.key}` === moved)?.focus();

  // the panel is brought into view and focused once it is there
  document.body.addEventListener('htmx:afterSwap', e => {
    if (e.target.id === 'board-panel') document.getElementById('stay-panel')?.focus({ preventScroll: false });
  });

  // keys: arrows go from stay to stay, Alt + arrows move by a month, P holds, Ctrl + Z takes back
  const rows = [...board.querySelectorAll('tbody tr[data-trainee]')].map(tr => [...tr.querySelectorAll('a.blk')]);
  const nearest = (row, x) => row.reduce((best, block) => {
    const box = block.getBoundingClientRect(), far = Math.abs((box.left + box.right) / 2 - x);
    return !best || far < best[1] ? [block, far] : best;
  }, null)?.[0];
  board.addEventListener('keydown', e => {
    const block = e.target.closest('a.blk');
    if (!block) return;
    const at = rows.findIndex(row => row.includes(block)), n = rows[at].indexOf(block);
    const side = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (side && e.altKey && editable) {
      const start = Number(block.dataset.start) + side;
      if (start >= 0 && block.draggable) { e.preventDefault(); submit(block, { start }); }
    } else if (side) { e.preventDefault(); rows[at][n + side]?.focus(); }
    else if (e.key === 'ArrowUp' || e.key === 'ArrowDown') {
      e.preventDefault();
      const box = block.getBoundingClientRect(), step = e.key === 'ArrowUp' ? -1 : 1;
      for (let to = at + step; rows[to]; to += step) if (rows[to].length) { nearest(rows[to], (box.left + box.right) / 2).focus(); break; }
    } else if (e.key.toLowerCase() === 'p' && editable && !e.ctrlKey && !e.metaKey) { e.preventDefault(); submit(block, { do: 'pin' }); }
  });
  addEventListener('keydown', e => {
    if (!(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== 'z' || ct.typing(e)) return;
    const button = document.querySelector(e.shiftKey ? '[data-redo] button' : '[data-undo] button');
    if (button && !button.disabled) { e.preventDefault(); button.click(); }
  });

  // drag and drop: the rules are asked for the month under the pointer before anything is saved
  if (!editable) return;
  let held = null, grip = 0, asked = '', timer = 0;
  const monthAt = x => {
    const heads = board.querySelectorAll('th[data-period]');
    const left = heads[0].getBoundingClientRect().left, right = heads[heads.length - 1].getBoundingClientRect().right;
    return first + Math.floor((x - left) / ((right - left) / shown));
  };
  const start = x => Math.max(0, monthAt(x) - grip);
  const hide = () => { note.hidden = true; board.querySelectorAll('tr.drop').forEach(tr => tr.classList.remove('drop')); };
  board.addEventListener('dragstart', e => {
    held = e.target.closest('a.blk');
    if (!held) return;
    grip = monthAt(e.clientX) - Math.max(first, Number(held.dataset.start));
    if (Number(held.dataset.start) < first) grip += first - Number(held.dataset.start);
    e.dataTransfer.effectAllowed = 'move';
    e.dataTransfer.setData('text/plain', held.dataset.key);
    asked = '';
  });
  board.addEventListener('dragover', e => {
    if (!held || e.target.closest('tr') !== held.closest('tr')) { if (held) hide(); return; }
    e.preventDefault();
    held.closest('tr').classList.add('drop');
    note.style.left = `${Math.min(e.clientX + 16, innerWidth - 400)}px`;
    note.style.top = `${e.clientY + 20}px`;
    const query = new URLSearchParams({ trainee: trainee(held), key: held.dataset.key, ward: held.dataset.ward, start: start(e.clientX) }).toString();
    if (query === asked) return;
    asked = query;
    clearTimeout(timer);
    timer = setTimeout(() => fetch(`${board.dataset.check}?${query}`, { headers: { 'X-Requested-With': 'fetch' } })
      .then(answer => answer.ok ? answer.text() : '')
      .then(html => { if (held && query === asked) { note.innerHTML = html; note.hidden = !html; } }), 60);
  });
  board.addEventListener('drop', e => {
    if (!held || e.target.closest('tr') !== held.closest('tr')) return;
    e.preventDefault();
    const to = start(e.clientX);
    if (to !== Number(held.dataset.start)) submit(held, { start: to });
  });
  board.addEventListener('dragend', () => { held = null; hide(); });
})();
