// A Gantt opens with today a third from its left edge, below the fixed column of names.
'use strict';
addEventListener('load', () => {
  for (const chart of document.querySelectorAll('[data-gantt]')) {
    const today = chart.querySelector('.g-today');
    if (!today) continue;
    const names = chart.querySelector('.g-row > :first-child').offsetWidth;
    chart.scrollLeft = Math.max(0, today.offsetLeft - names - (chart.clientWidth - names) / 3);
  }
});
