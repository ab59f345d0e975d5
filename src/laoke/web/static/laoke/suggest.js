/* What may come next in the text box of the segment builder: a list below it, asked of the server while one types.
   Arrows choose, Enter and Tab use what is chosen, Esc puts the list away, Ctrl+Space asks for it. The box may be drawn
   anew at any time, so everything listens at the document. */
(function () {
'use strict';
const list = document.getElementById('suggestions'), said = document.getElementById('suggestions-said');
const box = () => document.getElementById('text-box');
const token = () => (document.querySelector('meta[name="csrf-token"]') || {}).content || '';
const WAIT = 120, AGAIN = 700, TRIES = 8;
let turn = 0, timer = 0, word = '', at = -1;

const options = () => [...list.children];
function announce() {
  const field = box();
  field.setAttribute('aria-expanded', String(!list.hidden));
  if (at < 0) field.removeAttribute('aria-activedescendant'); else field.setAttribute('aria-activedescendant', 'suggestion-' + at);
}
function close() { turn++; clearTimeout(timer); if (list.hidden) return; list.hidden = true; list.replaceChildren(); said.textContent = ''; at = -1; announce(); }
function choose(next) {
  at = next;
  options().forEach((one, k) => one.setAttribute('aria-selected', String(k === at)));
  if (at >= 0) list.children[at].scrollIntoView({ block: 'nearest' });
  announce();
}
function drawn(one, k) {
  const item = document.createElement('li'), code = document.createElement('code');
  item.id = 'suggestion-' + k; item.setAttribute('role', 'option'); item.dataset.insert = one.insert;
  code.textContent = one.insert.trim(); item.append(code);
  if (one.label) { const small = document.createElement('small'); small.textContent = one.label; item.append(small); }
  return item;
}
function show(found) {
  if (!found.options.length) { close(); return; }
  word = found.word;
  list.replaceChildren(...found.options.map(drawn)); list.hidden = false; list.scrollTop = 0;
  said.textContent = list.dataset.many.replace('{n}', found.options.length);
  // Whoever has begun a word gets the first that fits; at an empty place Enter is still a new line.
  choose(word.replace(/^["“「'‘＂]/, '') ? 0 : -1);
  // On a phone the keyboard takes half of the window.
  if (at < 0) list.scrollIntoView({ block: 'nearest' });
}
async function ask(tries) {
  const mine = ++turn, field = box(), place = field.selectionStart;
  if (place !== field.selectionEnd || document.activeElement !== field) { close(); return; }
  const body = new URLSearchParams({ head: field.value.slice(0, place) });
  const answer = await fetch(list.dataset.suggestUrl, { method: 'POST', body, headers: { 'X-CSRFToken': token() }, credentials: 'same-origin' }).catch(() => null);
  if (mine !== turn) return;
  if (!answer || !answer.ok || !(answer.headers.get('content-type') || '').includes('json')) { close(); return; }
  const found = await answer.json();
  if (mine !== turn || box() !== field || field.selectionStart !== place) return;
  show(found);
  if (found.later && tries < TRIES) timer = setTimeout(() => ask(tries + 1), AGAIN);
}
function soon() { turn++; clearTimeout(timer); timer = setTimeout(() => ask(0), WAIT); }
function use(k) {
  const field = box(), insert = list.children[k].dataset.insert, end = field.selectionStart;
  close();
  field.focus();
  field.setRangeText(insert, end - word.length, end, 'end');
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

document.addEventListener('focusin', e => {
  if (e.target !== box() || e.target.getAttribute('role')) return;
  for (const [name, value] of [['role', 'combobox'], ['aria-autocomplete', 'list'], ['aria-haspopup', 'listbox'], ['aria-controls', list.id], ['aria-expanded', 'false'], ['autocomplete', 'off']]) e.target.setAttribute(name, value);
});
document.addEventListener('focusout', e => { if (e.target === box()) close(); });
document.addEventListener('input', e => { if (e.target === box() && !e.isComposing) soon(); });
document.addEventListener('compositionend', e => { if (e.target === box()) soon(); });
document.addEventListener('htmx:oobAfterSwap', e => { if (e.detail.target && e.detail.target.id === 'text-box') close(); });
// Before the list's own keys mean anything to the page or to going back and forth.
document.addEventListener('keydown', e => {
  if (e.target !== box() || e.isComposing) return;
  if (e.ctrlKey && e.code === 'Space') { e.preventDefault(); ask(0); return; }
  if (list.hidden || e.ctrlKey || e.metaKey || e.altKey) return;
  const count = list.children.length;
  if (e.key === 'ArrowDown') choose((at + 1) % count);
  else if (e.key === 'ArrowUp') choose(at <= 0 ? count - 1 : at - 1);
  else if ((e.key === 'Enter' || e.key === 'Tab') && at >= 0 && !e.shiftKey) use(at);
  else if (e.key === 'Escape') close();
  else { if (['ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown'].includes(e.key)) close(); return; }
  e.preventDefault(); e.stopPropagation();
}, true);
list.addEventListener('pointerdown', e => e.preventDefault());
list.addEventListener('mousedown', e => e.preventDefault());
list.addEventListener('click', e => { const one = e.target.closest('[role="option"]'); if (one) use(options().indexOf(one)); });
})();
