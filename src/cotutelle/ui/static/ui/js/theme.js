/* Runs before the first paint: marks that scripts work and chooses light or dark. */
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const stored = () => { try { return localStorage.getItem('ct-theme'); } catch { return null; } };
  const apply = () => { root.dataset.bsTheme = stored() || (dark.matches ? 'dark' : 'light'); };
  root.classList.add('js');
  apply();
  dark.addEventListener('change', apply);
})();
