/* "Copy as text for WeChat": works on plain http too; without a script one copies by hand. */
(() => {
  const select = box => { box.focus(); box.select(); };
  addEventListener('click', e => {
    const button = e.target.closest('button[data-copy-text]');
    if (!button) return;
    const box = document.getElementById(button.dataset.copyText);
    if (!box) return;
    const done = () => { button.dataset.done = ''; window.ct?.say(window.ct.words.copied); };
    if (navigator.clipboard && isSecureContext) {
      navigator.clipboard.writeText(box.value).then(done, () => select(box));
    } else {
      select(box);
      if (document.execCommand('copy')) done();
    }
  });
})();
