/* Back and forth in the segment builder. Rows and text say the same, so a step is a text: going back posts an earlier
   text and the answer draws the rows of it. What differs from the kept segment counts as unsaved. */
(function () {
'use strict';
const rows = document.getElementById('rules-form'), save = document.getElementById('save-form');
const box = () => document.getElementById('text-box');
const url = rows.getAttribute('hx-post'), kept = box().defaultValue;
const back = document.querySelector('[data-step-back]'), forth = document.querySelector('[data-step-forth]');
const MOST = 200;
let steps = [kept], at = 0;

/* Rows that cannot be read leave the text as it was: the step before is then the text itself. */
const broken = () => Boolean(document.querySelector('#says .c-bad'));
const ask = text => htmx.ajax('POST', url, { source: box(), target: '#result', swap: 'innerHTML', values: { text, source: 'text' } });

function look() {
  back.disabled = !at && !broken(); forth.disabled = at === steps.length - 1;
  const changed = box().value !== kept || broken();
  save.dispatchEvent(new CustomEvent(changed ? 'laoke:changed' : 'laoke:unchanged', { bubbles: true }));
}
function note() {
  const text = box().value;
  if (text !== steps[at] && !broken()) { steps = steps.slice(Math.max(0, at + 1 - MOST), at + 1).concat(text); at = steps.length - 1; }
  look();
}
function go(by) {
  // From rows or words that cannot be read, one step back is where one could still read them.
  const to = by < 0 && broken() ? at : at + by;
  if (to < 0 || to >= steps.length) return;
  at = to; box().value = steps[at]; ask(steps[at]).then(look);
}

back.hidden = forth.hidden = false;
back.addEventListener('click', () => go(-1));
forth.addEventListener('click', () => go(1));
document.addEventListener('htmx:afterSettle', e => { if (e.detail.pathInfo && e.detail.pathInfo.requestPath === url) note(); });
document.addEventListener('htmx:afterRequest', e => { if (e.detail.pathInfo && e.detail.pathInfo.requestPath === url) setTimeout(look); });
document.addEventListener('keydown', e => {
  const key = e.key.toLowerCase(), inside = rows.contains(e.target) || e.target === box() || !e.target.closest('input, textarea, select, dialog');
  if (!inside || e.isComposing || e.altKey || !(e.ctrlKey || e.metaKey) || (key !== 'z' && key !== 'y')) return;
  e.preventDefault(); go(key === 'y' || e.shiftKey ? 1 : -1);
});
/* Whoever goes from a row to the text leaves the row, which counts as a change: asking about the same rows again would
   bring back the text of before over what is being typed. */
const said = () => new URLSearchParams(new FormData(rows)).toString();
let known = said();
document.addEventListener('htmx:beforeRequest', e => {
  const by = e.detail.requestConfig.triggeringEvent;
  if (e.target === rows && !(by && by.type === 'submit') && said() === known) e.preventDefault();
});
document.addEventListener('htmx:afterSettle', e => { if (e.target === rows || e.target.id === 'rules' || e.target.id === 'text-box') known = said(); });
document.addEventListener('input', e => {
  if (e.target === box()) htmx.trigger(rows, 'htmx:abort');
  else if (rows.contains(e.target)) htmx.trigger(box(), 'htmx:abort');
});

// A draft that was put back, or what a browser kept in the field: the rows follow it.
document.addEventListener('DOMContentLoaded', () => { if (box().value !== kept) ask(box().value); look(); });
})();
