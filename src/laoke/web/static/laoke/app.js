/* Laoke's only script: it mounts charts, opens dialogs and the palette, listens to keys and keeps what was typed.
   Pages bring data and markup; nothing here is inline and nothing is evaluated. */
(function () {
'use strict';
const page = document.documentElement;
const $ = (selector, root) => (root || document).querySelector(selector);
const $$ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const on = (type, handler, options) => document.addEventListener(type, handler, options);
const words = JSON.parse(($('#words') || { textContent: '{}' }).textContent);
const chinese = page.lang.startsWith('zh');
const memory = {
  read(key, otherwise) { try { return JSON.parse(localStorage.getItem('laoke.' + key)) ?? otherwise; } catch { return otherwise; } },
  write(key, value) { try { localStorage.setItem('laoke.' + key, JSON.stringify(value)); } catch { /* private window: nothing is kept */ } },
};
// One browser may serve several people and shops: each finds only what is their own.
const whose = page.dataset.whose || 'nobody', recentKey = 'recent.' + whose;
const token = () => ($('meta[name="csrf-token"]') || {}).content || '';
const post = url => fetch(url, { method: 'POST', headers: { 'X-CSRFToken': token() }, credentials: 'same-origin' });

/* --- theme: the cookie holds the choice and what it means now, so the server paints it right */
const systemDark = matchMedia('(prefers-color-scheme: dark)');
function setTheme(choice) {
  const shown = choice === 'system' ? (systemDark.matches ? 'dark' : 'light') : choice;
  page.dataset.themeChoice = choice;
  document.cookie = `laoke_theme=${choice === 'system' ? 'system:' + shown : choice};path=/;max-age=31536000;samesite=lax`;
  if (page.dataset.theme !== shown) { page.dataset.theme = shown; remountCharts(); }
  for (const b of $$('[data-theme-set]')) b.setAttribute('aria-pressed', b.dataset.themeSet === choice);
}
systemDark.addEventListener('change', () => page.dataset.themeChoice === 'system' && setTheme('system'));
if (page.dataset.themeChoice) setTheme(page.dataset.themeChoice);

/* --- lengths that templates may not write as styles */
function applyLengths(root) {
  for (const el of $$('[data-w]', root)) el.style.width = el.dataset.w + '%';
  for (const el of $$('i[data-at]', root)) el.style.left = el.dataset.at + '%';
  for (const el of $$('[data-vars]', root)) {
    for (const pair of el.dataset.vars.split(';')) {
      const [name, value] = pair.split(':');
      if (value) el.style.setProperty('--' + name.trim(), value.trim());
    }
  }
}

/* --- figures, the same words as laoke.web.figures */
const trim = text => text.includes('.') ? text.replace(/\.?0+$/, '') : text;
const group = (v, places) => Math.abs(v).toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
const minus = v => v < 0 ? '−' : '';
const steps = chinese ? [[1e8, 1e8, '亿'], [1e4, 1e4, '万']] : [[1e9, 1e9, 'B'], [1e6, 1e6, 'M'], [1e4, 1e3, 'K']];
function wan(v, places = 1) {
  for (const [from, scale, unit] of steps) if (Math.abs(v) >= from) return minus(v) + trim(group(v / scale, places)) + unit;
  return minus(v) + (Number.isInteger(v) ? group(v, 0) : trim(group(v, 2)));
}
const formats = {
  wan: (v, o) => wan(v, o.places ?? 1),
  exact: v => minus(v) + (Number.isInteger(v) ? group(v, 0) : group(v, 2)),
  yuan: v => minus(v) + '¥\u00a0' + group(v, 2),
  yuan_wan: v => minus(v) + '¥\u00a0' + wan(Math.abs(v)),
  percent: (v, o) => minus(v) + group(v * 100, o.places ?? 1) + '%',
  percent_axis: v => minus(v) + trim(group(v * 100, 1)) + '%',
  unit: (v, o) => formats.exact(v) + ' ' + o.unit,
  plain: v => String(v),
};
const text = (format, v) => v === null || v === undefined || v === '-' ? '—' : typeof v === 'number' ? formats[format.name || 'exact'](v, format) : String(v);
/* What a chart label or tooltip is given: a number, or an item whose last value counts; `shown` overrides it. */
function valueOf(given) {
  if (given === null || typeof given !== 'object') return given;
  if (given.data && given.data.shown !== undefined) return given.data.shown;
  return Array.isArray(given.value) ? given.value[given.value.length - 1] : given.value;
}
function tip(format) {
  return given => {
    const list = (Array.isArray(given) ? given : [given]).filter(p => !String(p.seriesName).startsWith('_'));
    const head = list.length ? (list[0].data && list[0].data.title) || list[0].axisValueLabel || list[0].name : '';
    return [head, ...list.map(p => (list.length > 1 || p.seriesName ? (p.seriesName || '').replace(/^series\d+$/, '') + '  ' : '') + text(format, valueOf(p)))].filter(Boolean).join('\n');
  };
}
const cssColour = name => getComputedStyle(page).getPropertyValue('--' + name).trim();
/* An option as JSON: "$css:c1" is the token's colour, {"$fmt": "wan"} a formatter, {"$tip": "yuan"} a tooltip. */
function resolve(value) {
  if (typeof value === 'string') return value.startsWith('$css:') ? cssColour(value.slice(5)) : value;
  if (Array.isArray(value)) return value.map(resolve);
  if (value && typeof value === 'object') {
    if (value.$fmt) return given => text({ ...value, name: value.$fmt }, valueOf(given));
    if (value.$tip) return tip({ ...value, name: value.$tip });
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolve(part)]));
  }
  return value;
}

/* --- charts: the library is fetched when the first one comes into the page */
const charts = new Map();
let library = null;
function loadLibrary() {
  library = library || Promise.all([
    new Promise((done, failed) => {
      const script = document.createElement('script');
      script.src = page.dataset.echarts; script.onload = done; script.onerror = failed;
      document.head.append(script);
    }),
    fetch(page.dataset.echartsTheme).then(r => r.json()),
  ]).then(([, theme]) => { for (const name of ['light', 'dark']) echarts.registerTheme('laoke-' + name, theme[name]); });
  return library;
}
function mountChart(el) {
  const source = document.getElementById(el.dataset.chart);
  if (!source || charts.has(el)) return;
  // A template: scripts, also those that only hold data, are taken out of what HTMX brings.
  const option = resolve(JSON.parse(source.content.textContent));
  const many = option.series.reduce((n, s) => n + (s.data || []).length, 0) > 2000;
  const chart = echarts.init(el, 'laoke-' + (page.dataset.theme || 'light'), { renderer: many ? 'canvas' : 'svg', locale: chinese ? 'ZH' : 'EN' });
  chart.setOption({ ...option, animation: false, tooltip: { renderMode: 'richText', confine: true, ...option.tooltip } });
  const watch = new ResizeObserver(() => el.offsetWidth && chart.resize());
  watch.observe(el);
  charts.set(el, { chart, watch });
}
function dropCharts() {
  for (const [el, { chart, watch }] of charts) if (!el.isConnected) { watch.disconnect(); chart.dispose(); charts.delete(el); }
}
function remountCharts() {
  for (const [, { chart, watch }] of charts) { watch.disconnect(); chart.dispose(); }
  const elements = [...charts.keys()]; charts.clear(); elements.filter(el => el.isConnected).forEach(mountChart);
}
function mountCharts(root) {
  dropCharts();
  const found = $$('[data-chart]', root);
  if (found.length) loadLibrary().then(() => found.filter(el => el.isConnected).forEach(mountChart)).catch(() => found.forEach(el => showTable(el.id, true)));
}
function showTable(id, asTable) {
  const chart = document.getElementById(id), table = document.getElementById(id + '-table');
  if (!chart || !table) return;
  chart.classList.toggle('off', asTable); table.classList.toggle('show', asTable);
  $$(`[data-chart-view="${id}"]`).forEach(b => b.setAttribute('aria-pressed', !asTable));
  $$(`[data-table-view="${id}"]`).forEach(b => b.setAttribute('aria-pressed', asTable));
}

/* --- toasts */
function toast(message, { stay = false, action = null } = {}) {
  const box = document.createElement('div');
  box.className = 'toast'; box.setAttribute('role', stay ? 'alert' : 'status');
  const say = document.createElement('span'); say.textContent = message; box.append(say);
  if (action) { const b = document.createElement('button'); b.type = 'button'; b.textContent = action.label; b.onclick = () => { box.remove(); action.run(); }; box.append(b); }
  else if (stay) { const b = document.createElement('button'); b.type = 'button'; b.dataset.toastClose = ''; b.textContent = words.close; box.append(b); }
  $('#toasts').append(box); if (!stay) fade(box);
  return box;
}
function fade(box) {
  let timer = setTimeout(() => box.remove(), 6000);
  const hold = () => clearTimeout(timer), go = () => { clearTimeout(timer); timer = setTimeout(() => box.remove(), 3000); };
  box.addEventListener('pointerenter', hold); box.addEventListener('focusin', hold);
  box.addEventListener('pointerleave', go); box.addEventListener('focusout', go);
}
async function undo(button) {
  const box = button.closest('.toast'); button.disabled = true;
  const answer = await post(button.dataset.undoUrl).catch(() => null);
  box.remove();
  if (answer && answer.ok) { toast(words.undone); location.reload(); } else toast(words.broken, { stay: true });
}

/* --- dialogs and the palette */
function openDialog(id) { const d = document.getElementById(id); if (d && d.showModal && !d.open) { d.showModal(); return d; } return null; }
const palette = $('#palette');
let paletteTimer = 0, paletteTurn = 0;
function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal(); const input = $('input', palette); input.value = ''; input.focus(); fillPalette('');
}
function fillPalette(query) {
  const list = $('.menu', palette), turn = ++paletteTurn, wanted = query.trim().toLowerCase();
  const own = $('template', palette).content.cloneNode(true);
  if (wanted) {
    for (const a of $$('a', own)) if (!a.textContent.toLowerCase().includes(wanted)) a.remove();
    for (const h of $$('h4', own)) if (!h.nextElementSibling || h.nextElementSibling.tagName === 'H4') h.remove();
  } else {
    const recent = memory.read(recentKey, []).filter(r => r.url !== location.pathname).slice(0, 5);
    if (recent.length) {
      const head = document.createElement('h4'); head.textContent = words.recent;
      own.prepend(head, ...recent.map(r => { const a = document.createElement('a'); a.href = r.url; a.setAttribute('role', 'option'); a.tabIndex = -1; a.textContent = r.title; return a; }));
    }
  }
  list.replaceChildren(own); markFirst();
  clearTimeout(paletteTimer);
  if (!wanted || !palette.dataset.paletteUrl) return;
  paletteTimer = setTimeout(async () => {
    const answer = await fetch(palette.dataset.paletteUrl + '?q=' + encodeURIComponent(query), { credentials: 'same-origin', headers: { 'HX-Request': 'true' } }).catch(() => null);
    if (turn !== paletteTurn || !answer || !answer.ok) return;
    const found = new DOMParser().parseFromString(await answer.text(), 'text/html').body;
    // Places that the rail already gave are not said twice.
    const known = new Set($$('a', list).map(a => a.getAttribute('href')));
    for (const a of $$('a', found)) if (known.has(a.getAttribute('href'))) a.remove();
    for (const h of $$('h4', found)) if (!h.nextElementSibling || h.nextElementSibling.tagName === 'H4') h.remove();
    if ($('a', list) && !$('a', found)) return;
    list.prepend(...found.childNodes); markFirst();
  }, 120);
}
function markFirst() { const all = $$('a', palette); all.forEach((a, k) => { a.id = 'palette-' + k; a.setAttribute('aria-selected', k === 0); }); $('input', palette).setAttribute('aria-activedescendant', all.length ? 'palette-0' : ''); }
function movePalette(by) {
  const all = $$('a', $('.menu', palette)); if (!all.length) return;
  const at = all.findIndex(a => a.getAttribute('aria-selected') === 'true'), next = (at + by + all.length) % all.length;
  all.forEach((a, k) => a.setAttribute('aria-selected', k === next));
  all[next].scrollIntoView({ block: 'nearest' }); $('input', palette).setAttribute('aria-activedescendant', all[next].id);
}
if (palette) {
  $('input', palette).addEventListener('input', e => fillPalette(e.target.value));
  palette.addEventListener('keydown', e => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); movePalette(e.key === 'ArrowDown' ? 1 : -1); }
    if (e.key === 'Enter') { const a = $('[aria-selected="true"]', palette); if (a) { e.preventDefault(); a.click(); } }
  });
}
function rememberPlace() {
  const title = document.title.split(' · ')[0];
  if (!title || !$('.rail')) return;
  const others = memory.read(recentKey, []).filter(r => r.url !== location.pathname);
  memory.write(recentKey, [{ url: location.pathname, title }, ...others].slice(0, 8));
}

/* --- tables: rows by key, choosing rows, copying cells */
const rows = () => $$('[data-rows] tbody tr').filter(tr => tr.offsetParent);
let lastChosen = null;
function moveRow(by) {
  const all = rows(); if (!all.length) return;
  const at = all.findIndex(tr => tr.classList.contains('cur'));
  all.forEach(tr => tr.classList.remove('cur'));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))];
  next.classList.add('cur'); next.scrollIntoView({ block: 'nearest' });
  const link = $('a[href]', next); if (link) link.focus({ preventScroll: true });
}
const currentRow = () => $('[data-rows] tr.cur');
function chooseRow(row, range) {
  const box = row && $('input[name="ids"]', row); if (!box) return;
  const all = rows(), at = all.indexOf(row), from = range && lastChosen ? all.indexOf(lastChosen) : at;
  const state = !box.checked;
  for (const tr of all.slice(Math.min(at, from), Math.max(at, from) + 1)) { const b = $('input[name="ids"]', tr); if (b) b.checked = state; }
  lastChosen = row; countChosen();
}
function countChosen() {
  for (const bar of $$('[data-bulk]')) {
    const form = document.getElementById(bar.dataset.bulk); if (!form) continue;
    const boxes = $$('input[name="ids"]', form), chosen = boxes.filter(b => b.checked).length;
    bar.hidden = !chosen;
    const count = $('[data-bulk-count]', bar); if (count) count.textContent = group(chosen, 0);
    const whole = $('[data-select-page]', form); if (whole) { whole.checked = chosen > 0 && chosen === boxes.length; whole.indeterminate = chosen > 0 && chosen < boxes.length; }
  }
}
const cellText = cell => cell.innerText.replace(/\s+/g, ' ').replace(/−(?=[\d¥])/g, '-').trim();
const tsv = lines => lines.map(cells => cells.map(cellText).join('\t')).join('\n');
function copyTable(table) {
  const lines = $$('tr', table).map(tr => Array.from(tr.cells).filter(c => c.offsetParent));
  navigator.clipboard.writeText(tsv(lines)).then(() => toast(words.copied), () => toast(words.broken, { stay: true }));
}
on('copy', e => {
  const chosen = getSelection(); if (!chosen.rangeCount || chosen.isCollapsed) return;
  const start = chosen.anchorNode.parentElement, table = start && start.closest('table.table');
  if (!table) return;
  const lines = $$('tr', table).map(tr => Array.from(tr.cells).filter(c => chosen.containsNode(c, true))).filter(cells => cells.length);
  if (lines.flat().length < 2) return;
  e.clipboardData.setData('text/plain', tsv(lines)); e.preventDefault();
});

/* --- forms: what was typed is not lost, a button says that it is working */
const guarded = new Set();
const draftKey = form => 'draft.' + whose + '.' + location.pathname + location.search + '#' + (form.id || 'form');
function keepDrafts() {
  for (const form of guarded) {
    const kept = {};
    for (const el of form.elements) if (el.name && !['password', 'file', 'hidden', 'submit', 'button'].includes(el.type)) (kept[el.name] = kept[el.name] || []).push(['checkbox', 'radio'].includes(el.type) ? el.checked : el.value);
    try { sessionStorage.setItem(draftKey(form), JSON.stringify(kept)); } catch { /* no room: the page itself still holds it */ }
  }
}
function restoreDraft(form) {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(draftKey(form))); sessionStorage.removeItem(draftKey(form)); } catch { return; }
  if (!kept) return;
  for (const [name, values] of Object.entries(kept)) $$('[name="' + CSS.escape(name) + '"]', form).forEach((el, k) => { if (values[k] === undefined) return; if (['checkbox', 'radio'].includes(el.type)) el.checked = values[k]; else el.value = values[k]; });
  markUnsaved(form); toast(words.restored, { action: { label: words.discard, run: () => { guarded.clear(); location.reload(); } } });
}
function markUnsaved(form) { guarded.add(form); $$('[data-unsaved]').forEach(el => { el.hidden = false; }); }
function forget(form) { guarded.delete(form); if (!guarded.size) $$('[data-unsaved]').forEach(el => { el.hidden = true; }); }
on('input', e => { const form = e.target.form; if (form && form.matches('form[data-guard]')) markUnsaved(form); });
on('laoke:changed', e => markUnsaved(e.target));
on('laoke:unchanged', e => forget(e.target));
addEventListener('beforeunload', e => { if (guarded.size) e.preventDefault(); });
// Whoever leaves all the same finds it again when they come back in this tab.
addEventListener('pagehide', () => { if (signsOut) forgetPerson(); else keepDrafts(); });
// Whoever signs out leaves nothing in the browser. A sign-out that was called off at the question keeps all: the next click undoes it.
let signsOut = false;
function forgetPerson() {
  try {
    for (const [kept, of] of [[sessionStorage, 'draft.'], [localStorage, 'laoke.recent']]) for (const key of Object.keys(kept)) if (key.startsWith(of)) kept.removeItem(key);
  } catch { /* private window: nothing was kept */ }
}
on('click', () => { signsOut = false; }, true);
on('submit', e => { if (e.target.matches('[data-sign-out]')) signsOut = true; });
function setBusy(button) {
  if (!button || button.getAttribute('aria-busy') === 'true') return;
  button.style.minWidth = button.offsetWidth + 'px'; button.setAttribute('aria-busy', 'true');
  const spin = document.createElement('span'); spin.className = 'spin'; button.prepend(spin);
}
function clearBusy(root) { for (const b of $$('.btn[aria-busy="true"]', root)) { b.removeAttribute('aria-busy'); const spin = $('.spin', b); if (spin) spin.remove(); } }
on('submit', e => {
  const form = e.target, button = e.submitter;
  if (button && button.getAttribute('aria-disabled') === 'true') { e.preventDefault(); return; }
  if (form.matches('[data-busy-once]') && $('[aria-busy="true"]', form)) { e.preventDefault(); return; }
  forget(form);
  if (form.method === 'post' && !form.matches('[data-download]')) setTimeout(() => { if (!e.defaultPrevented || form.matches('[hx-post]')) setBusy(button); });
});
addEventListener('pageshow', () => clearBusy());
function focusFirstError(root) { const el = $('[aria-invalid="true"]', root); if (el) el.focus(); }

/* --- keys */
const typing = el => el && (el.isContentEditable || /^(input|textarea|select)$/i.test(el.tagName) && !/^(checkbox|radio|button|submit)$/.test(el.type));
let prefix = '', prefixTimer = 0;
function afterPrefix(key) {
  const target = prefix === 'g' ? $(`.nav [data-go="${CSS.escape(key)}"]`) : $('template', palette || document) && $(`[data-new="${CSS.escape(key)}"]`, $('template', palette).content);
  prefix = ''; if (target) location.assign(target.href);
}
const single = {
  '/': () => { const box = $('[data-page-search]') ; if (box) { box.focus(); box.select(); } else openPalette(); },
  '?': () => openDialog('keys'),
  j: () => moveRow(1), k: () => moveRow(-1),
  x: () => chooseRow(currentRow(), false), X: () => chooseRow(currentRow(), true),
  f: () => { const box = $('.filters .chip:not(.on), [data-page-search]'); if (box) box.focus(); },
  e: () => { const link = $('[data-export]'); if (link) link.click(); },
  '[': () => { const a = $('a[rel="prev"]'); if (a) a.click(); },
  ']': () => { const a = $('a[rel="next"]'); if (a) a.click(); },
  a: () => { const b = $('[data-add-rule]'); if (b) b.click(); },
  t: () => { const el = $$('[data-chart]').find(c => c.getBoundingClientRect().bottom > 60 || c.classList.contains('off')); if (el) showTable(el.id, !el.classList.contains('off')); },
};
function primaryAction(from) {
  const form = from && from.closest('form');
  if (form && form.method === 'post') { form.requestSubmit(); return; }
  const button = $('dialog[open] .btn.primary, dialog[open] .btn.solid') || $('.page-actions .btn.primary'); if (button) button.click();
}
on('keydown', e => {
  if (e.isComposing) return;
  if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === 'k') { e.preventDefault(); openPalette(); return; }
  if ((e.ctrlKey || e.metaKey) && e.key === 'Enter') { e.preventDefault(); primaryAction(e.target); return; }
  if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || $('dialog[open]')) return;
  if (e.key === 'Escape') { const row = currentRow(); if (row) row.classList.remove('cur'); return; }
  if (currentRow() && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) { e.preventDefault(); moveRow(e.key === 'ArrowDown' ? 1 : -1); return; }
  if (e.key === 'Enter' && currentRow() && currentRow().dataset.href && !e.target.closest('a,button')) { location.assign(currentRow().dataset.href); return; }
  if (memory.read('keys', true) === false) return;
  if (prefix) { e.preventDefault(); clearTimeout(prefixTimer); afterPrefix(e.key.toLowerCase()); return; }
  if (e.key === 'g' || e.key === 'n') { prefix = e.key; prefixTimer = setTimeout(() => { prefix = ''; }, 1200); return; }
  if (single[e.key]) { e.preventDefault(); single[e.key](); }
});

/* --- one listener for clicks */
const clicks = {
  'data-dialog-open': (el, e) => { if (openDialog(el.dataset.dialogOpen)) e.preventDefault(); },
  'data-dialog-close': el => el.closest('dialog').close(),
  'data-palette-open': () => openPalette(),
  'data-theme-set': el => setTheme(el.dataset.themeSet),
  'data-chart-view': el => showTable(el.dataset.chartView, false),
  'data-table-view': el => showTable(el.dataset.tableView, true),
  'data-undo-url': el => undo(el),
  'data-toast-close': el => el.closest('.toast').remove(),
  'data-copy-table': el => { const t = $(el.dataset.copyTable); if (t) copyTable(t); },
  'data-copy-text': el => navigator.clipboard.writeText($(el.dataset.copyText).innerText).then(() => toast(words.copied)),
  'data-print': () => print(),
  'data-keys-toggle': el => { const now = memory.read('keys', true) === false; memory.write('keys', now); el.setAttribute('aria-pressed', now); toast(now ? words.keys_on : words.keys_off); },
  'data-select-page': el => { $$('input[name="ids"]', el.closest('table')).forEach(b => { b.checked = el.checked; }); countChosen(); },
};
on('click', e => {
  for (const [name, run] of Object.entries(clicks)) { const el = e.target.closest('[' + name + ']'); if (el) { run(el, e); return; } }
  const disabled = e.target.closest('[aria-disabled="true"]'); if (disabled) { e.preventDefault(); return; }
  if (e.target.tagName === 'DIALOG') { const r = e.target.getBoundingClientRect(); if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) e.target.close(); }
  for (const menu of $$('details.user-menu[open]')) if (!menu.contains(e.target)) menu.open = false;
});
on('change', e => {
  if (e.target.name === 'ids') countChosen();
  if (e.target.matches('[data-submit-on-change]')) e.target.form.requestSubmit();
});

/* --- htmx: CSRF, focus, and words when it fails */
on('htmx:configRequest', e => { if (e.detail.verb !== 'get') e.detail.headers['X-CSRFToken'] = token(); });
on('htmx:beforeSwap', e => { const code = e.detail.xhr.status; if (code === 422 || code === 409) { e.detail.shouldSwap = true; e.detail.isError = false; } });
on('htmx:afterSwap', e => {
  enrich(e.detail.target.isConnected ? e.detail.target : document);
  const head = $('[data-focus]', e.detail.target); if (head) { head.tabIndex = -1; head.focus(); } else focusFirstError(e.detail.target);
});
on('htmx:oobAfterSwap', e => enrich(e.detail.target));
on('htmx:afterRequest', e => { clearBusy(e.detail.elt); sessionClock(); });
on('htmx:responseError', e => {
  const code = e.detail.xhr.status;
  if (code === 401 || (code === 403 && e.detail.xhr.getResponseHeader('X-Signed-Out'))) { keepDrafts(); toast(words.signed_out, { stay: true }); }
  else toast(code === 403 ? words.denied : words.broken, { stay: true });
});
on('htmx:sendError', () => toast(words.offline, { stay: true }));

/* --- sessions warn before they end */
let sessionTimer = 0;
function sessionClock() {
  const seconds = Number(document.body.dataset.sessionSeconds || 0); clearTimeout(sessionTimer);
  // setTimeout cannot wait longer than 2^31 ms; a session that long needs no warning.
  if (!seconds || seconds > 2e6) return;
  sessionTimer = setTimeout(() => {
    keepDrafts(); const url = document.body.dataset.sessionPing;
    toast(words.session, { stay: true, action: url ? { label: words.stay, run: () => post(url).then(sessionClock) } : null });
  }, Math.max(10, seconds - 120) * 1000);
}

// A row of tabs wider than the screen stands at the one that is open.
function showTabs(root) {
  for (const tab of $$('.tabs [aria-current]', root)) {
    const row = tab.closest('.tabs');
    row.scrollLeft += tab.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - tab.offsetWidth) / 2;
  }
}

function enrich(root) {
  showTabs(root); applyLengths(root); mountCharts(root); countChosen();
  $$('#toasts .toast:not([data-stay])').filter(t => !t.dataset.seen).forEach(t => { t.dataset.seen = '1'; fade(t); });
}
enrich(document); $$('dialog[data-opens]').forEach(d => openDialog(d.id)); focusFirstError(document); rememberPlace(); sessionClock();
$$('form[data-guard]').forEach(restoreDraft);
const keysButton = $('[data-keys-toggle]'); if (keysButton) keysButton.setAttribute('aria-pressed', memory.read('keys', true) !== false);
})();
