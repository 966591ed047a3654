/* Forms: saving by itself, the guard for what is not saved, ranked lists. Every form works without it. */
(() => {
  const clock = () => new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
  const line = form => form.querySelector('[data-save-line]');
  const tell = (form, text) => { const target = line(form); if (target) target.textContent = text; else ct.say(text); };
  const dirty = new Set();
  const failed = new Set();

  // One request at a time for a form; what changed meanwhile, or was sent, goes with the next one.
  const busy = new WeakMap();
  const save = async form => {
    if (busy.has(form)) { busy.get(form).next ||= () => save(form); return; }
    const running = { next: null };
    busy.set(form, running);
    tell(form, ct.words.saving);
    try {
      const url = form.dataset.autosave || form.getAttribute('action') || location.href;
      const body = new FormData(form);
      body.delete('move'); body.delete('remove');
      const answer = await fetch(url, { method: 'POST', body, headers: { 'X-Autosave': '1', Accept: 'application/json' }, credentials: 'same-origin', signal: AbortSignal.timeout(20000) });
      failed.delete(form);
      if (answer.redirected || answer.status === 401) tell(form, ct.words.signedOut);
      else if (answer.ok) {
        // {"fields": {"version": 8}}: hidden fields that the next request must carry
        const kind = answer.headers.get('Content-Type') || '';
        const { fields } = kind.includes('json') ? await answer.json() : {};
        for (const [name, value] of Object.entries(fields || {})) if (form.elements[name]) form.elements[name].value = value;
        dirty.delete(form);
        tell(form, ct.fill(ct.words.saved, { time: clock() }));
      }
      else {
        const kind = answer.headers.get('Content-Type') || '';
        const problem = kind.includes('json') ? await answer.json() : {};
        tell(form, problem.detail || (answer.status < 500 ? ct.words.invalid : ct.words.unsaved));
        if (answer.status >= 500) failed.add(form);
      }
    } catch { failed.add(form); tell(form, ct.words.unsaved); }
    busy.delete(form);
    if (running.next) running.next();
  };
  setInterval(() => failed.forEach(save), 15000);
  addEventListener('online', () => failed.forEach(save));

  document.querySelectorAll('form[data-autosave]').forEach(form => {
    let timer = 0;
    const later = () => { dirty.add(form); clearTimeout(timer); timer = setTimeout(() => save(form), 700); };
    form.addEventListener('input', later);
    form.addEventListener('change', later);
    form.addEventListener('ct:changed', later);
    form.addEventListener('submit', e => {
      clearTimeout(timer); dirty.delete(form); failed.delete(form);
      const running = busy.get(form);
      if (!running) return;
      // the running save raises the version that this request must carry
      e.preventDefault();
      running.next = () => form.requestSubmit(e.submitter);
    });
  });
  document.querySelectorAll('form[data-guard]').forEach(form => {
    form.addEventListener('input', () => dirty.add(form));
    form.addEventListener('submit', () => dirty.delete(form));
  });
  addEventListener('beforeunload', e => { if (dirty.size) e.preventDefault(); });
  // one press, one request
  addEventListener('submit', e => {
    const form = e.target;
    if (form.method !== 'post' || e.defaultPrevented) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = '1';
    setTimeout(() => { delete form.dataset.sent; }, 8000);
  });
  addEventListener('pageshow', e => { if (e.persisted) document.querySelectorAll('form[data-sent]').forEach(form => delete form.dataset.sent); });

  // ranked lists
  document.querySelectorAll('[data-pref]').forEach(list => {
    const place = row => [...list.children].indexOf(row) + 1;
    const settled = row => {
      ct.say(ct.fill(ct.words.moved, { name: row.dataset.name, place: place(row) }));
      list.dispatchEvent(new CustomEvent('ct:changed', { bubbles: true }));
    };
    const move = (row, step) => {
      const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if (step < 0) list.insertBefore(row, other); else list.insertBefore(other, row);
      settled(row);
    };
    list.addEventListener('click', e => {
      const button = e.target.closest('button[name=move]');
      if (!button || !list.closest('form[data-autosave]')) return;
      e.preventDefault();
      move(button.closest('li'), button.matches('.up') ? -1 : 1);
      button.focus();
    });
    list.addEventListener('keydown', e => {
      const row = e.target.closest('li');
      if (!row || !e.altKey || !/^Arrow(Up|Down)$/.test(e.key) || !list.closest('form[data-autosave]')) return;
      e.preventDefault();
      move(row, e.key === 'ArrowUp' ? -1 : 1);
      e.target.focus();
    });
    let held = null, from = 0;
    list.addEventListener('pointerdown', e => {
      const row = e.target.closest('li');
      const mouse = e.pointerType === 'mouse' && !e.target.closest('button,a,input');
      if (!row || e.button || !(mouse || e.target.closest('.grip')) || !list.closest('form[data-autosave]')) return;
      held = row; from = place(row);
      list.setPointerCapture(e.pointerId);
      row.classList.add('drag');
      e.preventDefault();
    });
    list.addEventListener('pointermove', e => {
      if (!held) return;
      const over = [...list.children].find(row => { const r = row.getBoundingClientRect(); return row !== held && e.clientY >= r.top && e.clientY < r.bottom; });
      if (!over) return;
      const r = over.getBoundingClientRect();
      list.insertBefore(held, e.clientY < r.top + r.height / 2 ? over : over.nextSibling);
    });
    const drop = () => {
      if (!held) return;
      held.classList.remove('drag');
      if (place(held) !== from) settled(held);
      held.focus({ preventScroll: true });
      held = null;
    };
    list.addEventListener('pointerup', drop);
    list.addEventListener('pointercancel', drop);
  });

  // dropping a file on its field
  document.querySelectorAll('.ct-drop').forEach(zone => {
    const input = zone.querySelector('input[type=file]');
    if (!input) return;
    const mark = on => e => { e.preventDefault(); zone.classList.toggle('over', on); };
    zone.addEventListener('dragover', mark(true));
    zone.addEventListener('dragleave', mark(false));
    zone.addEventListener('drop', e => { mark(false)(e); if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; input.dispatchEvent(new Event('change', { bubbles: true })); } });
  });
})();
