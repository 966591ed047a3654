/* The frame: search key, help, menus, theme, twins, printing. Every page works without it. */
(() => {
  const root = document.documentElement;
  const typing = e => /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) || e.target.isContentEditable;
  const words = document.getElementById('ct-words')?.dataset || {};
  const live = document.getElementById('ct-live');
  window.ct = {
    words, typing,
    say(text) { if (live) { live.textContent = ''; requestAnimationFrame(() => { live.textContent = text; }); } },
    fill: (text, values) => (text || '').replace(/\{(\w+)\}/g, (_, key) => values[key]),
  };
  const keys = document.getElementById('ct-keys');
  const openKeys = () => { if (keys && !keys.open) keys.showModal(); };
  addEventListener('keydown', e => {
    const search = document.querySelector('[data-search]') || document.querySelector('.ct-field input[type=search]');
    const wanted = (e.key === '/' && !typing(e)) || (e.key.toLowerCase() === 'k' && (e.ctrlKey || e.metaKey));
    if (wanted && search) { e.preventDefault(); search.focus(); search.select(); }
    else if (e.key === '?' && !typing(e)) { e.preventDefault(); openKeys(); }
    else if (e.key === 'Escape') {
      document.querySelectorAll('details.ct-menu[open]').forEach(menu => { menu.open = false; menu.querySelector('summary').focus(); });
      if (typing(e)) e.target.blur();
    }
  });
  addEventListener('click', e => {
    document.querySelectorAll('details.ct-menu[open]').forEach(menu => { if (!menu.contains(e.target)) menu.open = false; });
    const button = e.target.closest('button');
    if (!button) return;
    if (button.matches('[data-theme-toggle]')) {
      const theme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark';
      root.dataset.bsTheme = theme;
      try { localStorage.setItem('ct-theme', theme); } catch { /* private mode: the choice lasts for this page */ }
    } else if (button.matches('[data-keys-open]')) openKeys();
    else if (button.matches('[data-print]')) print();
    else if (button.matches('[data-copy]')) {
      navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(() => ct.say(words.copied));
    }
  });
  document.querySelectorAll('details[data-twin]').forEach(twin => { twin.open = false; });
  addEventListener('beforeprint', () => document.querySelectorAll('details.twin').forEach(twin => { twin.open = true; }));
  const fault = document.querySelector('[data-summary]');
  if (fault) fault.focus();
  // two stacked panes become two tabs on a phone
  const tabs = [...document.querySelectorAll('.seg a')];
  if (tabs.length) {
    const first = tabs[0].getAttribute('href').slice(1);
    const chosen = () => { const id = location.hash.slice(1); return tabs.some(a => a.getAttribute('href') === '#' + id) ? id : first; };
    const show = () => {
      const id = chosen();
      tabs.forEach(a => { if (a.getAttribute('href') === '#' + id) a.setAttribute('aria-current', 'true'); else a.removeAttribute('aria-current'); });
      document.querySelectorAll('[data-pane]').forEach(p => { p.hidden = matchMedia('(max-width:767.98px)').matches && p.id !== id; });
    };
    tabs.forEach(a => a.addEventListener('click', e => { e.preventDefault(); history.replaceState(0, '', a.getAttribute('href')); show(); scrollTo(0, 0); }));
    addEventListener('resize', show);
    show();
  }
})();
