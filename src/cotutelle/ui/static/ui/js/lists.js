/* Lists: rows by keyboard, bulk selection. The form itself works without it. */
(() => {
  document.querySelectorAll('[data-list]').forEach(form => {
    const rows = [...form.querySelectorAll('tbody tr')];
    const boxes = rows.map(row => row.querySelector('input[name=pick]'));
    const all = form.querySelector('[data-pick-all]');
    const bulk = form.querySelector('.ct-bulk');
    const count = form.querySelector('[data-picked]');
    let at = -1, last = null;
    const refresh = () => {
      const picked = boxes.filter(box => box && box.checked).length;
      if (bulk) bulk.classList.toggle('idle', picked === 0);
      if (count) count.textContent = picked ? ct.fill(ct.words.chosen, { n: picked }) : '';
      if (all) { all.checked = picked > 0 && picked === boxes.filter(Boolean).length; all.indeterminate = picked > 0 && !all.checked; }
    };
    const go = to => {
      if (!rows.length) return;
      if (at >= 0) rows[at].classList.remove('at');
      at = Math.max(0, Math.min(rows.length - 1, to));
      rows[at].classList.add('at');
      rows[at].tabIndex = -1;
      rows[at].focus({ preventScroll: true });
      rows[at].scrollIntoView({ block: 'nearest' });
    };
    form.addEventListener('change', e => {
      if (e.target === all) boxes.forEach(box => { if (box) box.checked = all.checked; });
      refresh();
    });
    form.addEventListener('click', e => {
      const here = boxes.indexOf(e.target);
      if (here < 0) return;
      if (e.shiftKey && last !== null) {
        const [from, to] = [Math.min(here, last), Math.max(here, last)];
        for (let i = from; i <= to; i++) if (boxes[i]) boxes[i].checked = e.target.checked;
      }
      last = here;
      refresh();
    });
    addEventListener('keydown', e => {
      if (ct.typing(e) && e.target.type !== 'checkbox') return;
      if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
      if (e.key === 'j') go(at + 1);
      else if (e.key === 'k') go(at - 1);
      else if (e.key === 'x' && at >= 0 && boxes[at]) { boxes[at].checked = !boxes[at].checked; refresh(); }
      else if (e.key === 'Enter' && at >= 0 && e.target === rows[at]) rows[at].querySelector('a.open, a[href]')?.click();
    });
    refresh();
  });
})();
