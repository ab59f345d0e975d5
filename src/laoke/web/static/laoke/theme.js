/* Runs before the first paint: the theme the system asks for, and the mark that script is here. */
(function () {
  const page = document.documentElement;
  if (page.dataset.themeChoice === 'system') {
    page.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  page.classList.add('js');
})();
