// What can be seen to be wrong with a document as it stands: a list of complaints.
() => {
  const found = [];
  const shown = (el) => el.checkVisibility({ visibilityProperty: true });
  const say = (el) => el.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  const named = (id) => document.getElementById(id)?.textContent || "";
  const words = (el) => [
    el.getAttribute("aria-label"),
    el.textContent,
    el.title,
    ...(el.getAttribute("aria-labelledby") || "").split(" ").map(named),
    ...[...el.querySelectorAll("[alt], [aria-label], [title]")].map((x) => x.alt || x.getAttribute("aria-label") || x.title),
  ];
  const nameless = (el) => !words(el).some((word) => word && word.trim());

  const heads = [...document.querySelectorAll("h1")].filter(shown);
  if (heads.length !== 1) found.push(`${heads.length} headlines h1`);
  if (!document.documentElement.lang) found.push("no language of the document");
  if (!document.title.trim()) found.push("no title");
  for (const el of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (shown(el) && !el.labels?.length && !el.getAttribute("aria-label") && !el.getAttribute("aria-labelledby") && !el.title)
      found.push(`control without a label: ${say(el)}`);
  }
  for (const el of document.querySelectorAll("a[href], button, summary, [role=button]"))
    if (shown(el) && nameless(el)) found.push(`nameless: ${say(el)}`);
  for (const el of document.querySelectorAll("img:not([alt])")) found.push(`picture without alt: ${say(el)}`);
  for (const el of document.querySelectorAll("table"))
    if (shown(el) && !el.querySelector("th")) found.push(`table without headings: ${say(el)}`);
  for (const el of document.querySelectorAll("[onclick], [onerror], [onload]")) found.push(`inline script: ${say(el)}`);
  const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`id ${id} stands more than once`);
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"])
    for (const el of document.querySelectorAll(`[${name}]`))
      for (const id of el.getAttribute(name).split(" ").filter(Boolean))
        if (!document.getElementById(id)) found.push(`${name} names nothing: ${say(el)}`);
  return found;
}
