/* Files that go up: dropped or chosen, listed with their sizes, sent with the bytes that went, and stopped at will.
   Without this script the form sends its files as any form does. */
(function () {
'use strict';
const $ = (selector, root) => root.querySelector(selector);
const UNITS = ['B', 'KB', 'MB', 'GB'];
/* Bytes as `size_text` in Python says them. */
function size(bytes) {
  let amount = bytes, unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) { amount /= 1024; unit += 1; }
  return (unit === 0 || Number.isInteger(amount) ? String(Math.round(amount)) : amount.toFixed(1)) + ' ' + UNITS[unit];
}
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

let sending = null;

function mount(form) {
  const input = $('input[type=file]', form), words = form.dataset, chosen = $('[data-chosen]', form);
  const bar = $('[data-sending]', form), note = $('[data-sent]', form), said = $('[data-said]', form), button = $('button[type=submit]', form);
  let files = [];
  form.classList.add('drops');
  for (const hint of form.querySelectorAll('[data-drop-hint]')) hint.hidden = false;

  function keep(list) {
    // A file that is chosen twice is sent once.
    const known = new Set(files.map(f => f.name + '|' + f.size + '|' + f.lastModified));
    files = files.concat(Array.from(list).filter(f => !known.has(f.name + '|' + f.size + '|' + f.lastModified)));
    show();
  }
  function show() {
    const held = new DataTransfer(); files.forEach(f => held.items.add(f)); input.files = held.files;
    chosen.replaceChildren(...files.map(line)); chosen.hidden = !files.length; tell('');
  }
  function line(file) {
    const li = document.createElement('li'), main = document.createElement('div'), name = document.createElement('b'), fact = document.createElement('small'), off = document.createElement('button');
    const long = file.size > Number(words.limit);
    main.className = 'main'; name.className = 'wrap-any'; name.textContent = file.name; fact.textContent = size(file.size) + (long ? ' · ' + fill(words.tooLarge, { limit: size(Number(words.limit)) }) : '');
    if (long) fact.className = 'c-bad';
    off.type = 'button'; off.className = 'btn quiet sm'; off.textContent = words.drop; off.setAttribute('aria-label', words.drop + ' ' + file.name);
    off.addEventListener('click', () => { files = files.filter(f => f !== file); show(); input.focus(); });
    main.append(name, fact); li.append(main, off); return li;
  }
  function tell(text) { said.textContent = text; said.hidden = !text; }
  function working(now) {
    bar.hidden = !now; button.disabled = now; input.disabled = now; form.setAttribute('aria-busy', now);
    for (const b of chosen.querySelectorAll('button')) b.disabled = now;
  }
  function draw(done, all, since) {
    const share = all ? done / all : 0, meter = $('[role=progressbar]', bar), spent = (performance.now() - since) / 1000;
    const left = done && done < all && spent > 1 ? fill(words.left, { n: Math.max(1, Math.round(spent / done * (all - done))) }) : '';
    meter.setAttribute('aria-valuenow', Math.round(share * 100)); $('i', meter).style.width = share * 100 + '%';
    note.textContent = done < all || !all ? fill(words.sent, { done: size(done), all: size(all), percent: Math.round(share * 100) }) + (left && ' · ' + left) : words.sealing;
  }
  function send() {
    const long = files.find(f => f.size > Number(words.limit));
    if (long) { tell(fill(words.longFile, { name: long.name, limit: size(Number(words.limit)) })); return; }
    const request = new XMLHttpRequest(), body = new FormData(form), all = files.reduce((sum, f) => sum + f.size, 0), since = performance.now();
    sending = request; tell(''); working(true); draw(0, all, since); $('[data-stop]', bar).focus();
    const over = text => { sending = null; working(false); tell(text); button.focus(); };
    // The envelope of the form adds a little to the bytes of the files.
    request.upload.addEventListener('progress', e => draw(Math.round(all * e.loaded / (e.total || 1)), all, since));
    request.addEventListener('error', () => over(words.broken));
    request.addEventListener('abort', () => over(words.stopped));
    request.addEventListener('load', () => {
      sending = null;
      let told = null;
      try { told = JSON.parse(request.responseText); } catch { over(words.broken); return; }
      if (told.to) { location.assign(told.to); return; }
      over(told.errors.join(' '));
    });
    request.open('POST', form.action); request.setRequestHeader('Accept', 'application/json'); request.send(body);
  }
  input.addEventListener('change', () => keep(input.files));
  form.addEventListener('dragover', e => { e.preventDefault(); form.classList.add('over'); });
  form.addEventListener('dragleave', e => { if (!form.contains(e.relatedTarget)) form.classList.remove('over'); });
  form.addEventListener('drop', e => { e.preventDefault(); form.classList.remove('over'); if (!sending) keep(e.dataTransfer.files); });
  form.addEventListener('submit', e => { if (!files.length) return; e.preventDefault(); if (!sending) send(); });
  $('[data-stop]', bar).addEventListener('click', () => sending && sending.abort());
}
// A file that misses the field must not replace the page.
for (const type of ['dragover', 'drop']) addEventListener(type, e => e.preventDefault());
addEventListener('beforeunload', e => { if (sending) e.preventDefault(); });
document.querySelectorAll('form[data-upload]').forEach(mount);
})();
