/* The search page: its form, and the hits, 20 at a time. The query stands in the address, behind a #. */
"use strict";

(() => {
  const A_PAGE = 20;
  const PATIENCE = 400;  // documents that have the words elsewhere, between two hits

  const by = (id) => document.getElementById(id);
  const form = by("search"), status = by("search-status"), hits = by("search-hits"), more = by("search-more");
  const fields = ["q", "language", "kind", "since", "until"];
  let current = null;  // the search that is shown

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function pieces(found) {
    return found.map(([isWanted, text]) => (isWanted ? element("mark", {}, text) : text));
  }

  function day(moment) {
    const options = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
    return element("bdi", {}, element("time", { dateTime: new Date(moment).toISOString() },
      new Date(moment).toLocaleDateString("en-GB", options)));
  }

  function item(hit, query) {
    const chosen = [...form.elements.language.options].find((option) => option.value === hit.language);
    const written = { lang: chosen?.dataset.tag ?? "", dir: chosen?.dataset.direction ?? "auto" };
    const title = snippets.whole(hit.title || "Untitled", query, hit.language);
    const kind = [...form.elements.kind.options].find((option) => option.value === hit.kind);
    const about = [chosen?.dataset.name ?? hit.language, ...(hit.kind === "article" ? [] : [kind?.text ?? hit.kind])];
    return element("li", {},
      element("a", { href: hit.path }, element("bdi", { className: "headline", ...written }, ...pieces(title))),
      element("p", { className: "snippet", ...written }, ...pieces(snippets.snippet(hit.passages, query, hit.language))),
      element("span", { className: "note" }, element("bdi", {}, about.join(" · ")), " · ", day(hit.published)));
  }

  function dayOf(text) {
    const moment = Date.parse(`${text}T00:00:00Z`);
    return Number.isNaN(moment) ? null : moment / 86400000;
  }

  function start() {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of fields) form.elements[name].value = asked.get(name) ?? "";
    hits.replaceChildren();
    more.hidden = true;
    status.textContent = "";
    current = null;
    if (asked.get("q")) show(asked).catch((error) => tell(error));
  }

  function tell(error) {
    const isTheirs = error instanceof words.QueryError;
    status.textContent = isTheirs ? error.message : `The search cannot go on: ${error.message}. Make the site again.`;
  }

  async function show(asked) {
    const search = current = { count: 0, isOver: false };
    status.textContent = "Searching…";
    await words.prepare();
    search.query = words.parse(asked.get("q"));
    const [language, kind, since, until] = [asked.get("language"), asked.get("kind"), dayOf(asked.get("since")), dayOf(asked.get("until"))];
    const filter = (one) => (!language || one.language === language) && (!kind || one.kind === kind)
      && (since === null || one.day >= since) && (until === null || one.day <= until);
    search.found = archive.find(search.query, { filter, since, until });
    await goOn(search);
  }

  async function goOn(search) {
    more.hidden = true;
    let shown = 0, passed = 0, moment = null;
    while (shown < A_PAGE && passed < PATIENCE) {
      const { value, done } = await search.found.next();
      if (search !== current) return;
      search.isOver = Boolean(done);
      if (done) break;
      if (value.hit) {
        hits.append(item(value.hit, search.query));
        shown++;
        search.count++;
        moment = value.hit.published;
      } else {
        passed++;
        moment = value.passed;
      }
    }
    finish(search, moment);
  }

  function finish(search, moment) {
    const count = search.count === 1 ? "1 document" : `${search.count.toLocaleString("en")} documents`;
    if (search.isOver) status.replaceChildren(search.count ? count : "Nothing was found.");
    else status.replaceChildren(`${count}, back to `, day(moment));
    more.hidden = search.isOver;
    document.title = `${form.elements.q.value} – DW archive`;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = new URLSearchParams();
    for (const name of fields) if (form.elements[name].value) asked.set(name, form.elements[name].value);
    const hash = `#${asked}`;
    if (location.hash === hash) start(); else location.hash = hash;
  });
  more.addEventListener("click", () => goOn(current).catch((error) => tell(error)));
  window.addEventListener("hashchange", start);
  start();
})();
