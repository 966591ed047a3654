/* Keeps the numbers on the offers in step with the list while it is being moved. */
(() => {
  const list = document.querySelector('#my-list [data-pref]');
  if (!list) return;
  const number = () => {
    [...list.children].forEach((row, at) => {
      const tag = document.querySelector(`[data-choice="${row.dataset.id}"]`);
      if (tag) tag.lastChild.textContent = tag.lastChild.textContent.replace(/\d+/, at + 1);
    });
  };
  list.addEventListener('ct:changed', number);
})();
