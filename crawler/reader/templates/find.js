/* Search over the segments in search/, see shards.py. */
"use strict";

const archive = (() => {
  const AHEAD = 4;  // segments that are asked for at a time

  // --- documents of a segment ---

  /* Which files of tokens may have a token, or tokens that begin so: those from the last that begins before it. */
  function filesWith(firsts, token, isPrefix) {
    const after = firsts.findIndex((first) => first > token && !(isPrefix && first.startsWith(token)));
    const end = after < 0 ? firsts.length : after;
    const from = firsts.slice(0, end).findIndex((first) => first >= token);
    if (from < 0) return end ? [end - 1] : [];
    const start = from && firsts[from] !== token ? from - 1 : from;
    return Array.from({ length: end - start }, (_, n) => start + n);
  }

  async function having(segment, token, isPrefix) {
    const cut = [...token].slice(0, words.tables.longest_token).join("");
    const flags = new Uint8Array(segment.count);
    const files = filesWith(segment.firsts, cut, isPrefix);
    for (const text of await Promise.all(files.map((n) => words.load(`search/${segment.name}/tokens-${n}.js`)))) {
      const parts = text.split(" ");
      for (let n = 0; n < parts.length; n += 2)
        if (parts[n] === cut || (isPrefix && parts[n].startsWith(cut))) mark(flags, parts[n + 1]);
    }
    return flags;
  }

  function mark(flags, encoded) {
    const { digits, short } = words.tables;
    let number = -1;
    for (let n = 0; n < encoded.length; n++) {
      let distance = digits.indexOf(encoded[n]);
      if (distance >= short) distance = short + (distance - short) * digits.length + digits.indexOf(encoded[++n]);
      number += distance + 1;
      flags[number] = 1;
    }
  }

  /* flags: the documents that may have a phrase. isSure: they all have it. */
  async function holding(segment, { tokens, isPrefix }) {
    const last = tokens.length - 1;
    const found = await Promise.all(tokens.map((token, n) => having(segment, token, isPrefix && n === last)));
    const longest = Math.max(...tokens.map((token) => [...token].length));
    return {
      flags: found[0].map((_, number) => found.every((flags) => flags[number])),
      isSure: !last && longest < words.tables.longest_token,
    };
  }

  /* Documents of a segment that may be hits, newest first: number, and whether their words have to be read to know. */
  async function candidates(segment, query, filter) {
    const rules = {};
    for (const rule of query.isSame ? ["plain"] : ["plain", "german"]) {
      const of = (terms) => Promise.all(terms.map((term) => holding(segment, term[rule])));
      rules[rule] = { wanted: await of(query.wanted), unwanted: await of(query.unwanted) };
      rules[rule].all = (number) => rules[rule].wanted.every(({ flags }) => flags[number]);
    }
    rules.german ??= rules.plain;
    const numbers = Array.from({ length: segment.count }, (_, n) => n).filter((n) => rules.plain.all(n) || rules.german.all(n));
    if (!numbers.length) return { found: [] };
    const head = await words.load(`search/${segment.name}/head.js`);
    let day = 0;
    const days = head.days.map((distance) => (day += distance));
    const found = [];
    for (const number of numbers) {
      const language = head.languages[head.language[number]], kind = head.kinds[head.kind[number]];
      const { wanted, unwanted, all } = rules[language === "de" ? "german" : "plain"];
      const isLeftOut = unwanted.some(({ flags, isSure }) => isSure && flags[number]);
      if (!all(number) || isLeftOut || !filter({ language, kind, day: days[number] })) continue;
      const isSure = wanted.every((one) => one.isSure) && !unwanted.some(({ flags }) => flags[number]);
      found.push({ number, language, kind, isSure });
    }
    return { head, found };
  }

  async function textOf(segment, head, number) {
    let start = head.texts.length - 1;
    while (head.texts[start] > number) start--;
    const files = [start];
    while (head.texts[files[files.length - 1] + 1] === number + 0.5) files.push(files[files.length - 1] + 1);
    const loaded = await Promise.all(files.map((n) => words.load(`search/${segment.name}/texts-${n}.js`)));
    const lines = [];
    let path = "", published = 0;
    for (const [at, goesOn, some, ...facts] of loaded.flat()) {
      if (at !== number) continue;
      if (facts.length) [path, published] = facts;
      if (goesOn) lines[lines.length - 1] += some[0];
      lines.push(...some.slice(goesOn ? 1 : 0));
    }
    return { path, published, title: lines[0], passages: lines.slice(1) };
  }

  function isHit(text, language, query) {
    const rule = language === "de" ? "german" : "plain";
    const fields = [words.indexed(text.title, language), words.indexed(text.passages.join("\n"), language)];
    const has = (term) => fields.some((tokens) => occurs(tokens, term[rule]));
    return query.wanted.every(has) && !query.unwanted.some(has);
  }

  function occurs(text, { tokens, isPrefix }) {
    const last = tokens.length - 1;
    for (let at = 0; at + last < text.length; at++) {
      const isLast = isPrefix ? text[at + last].startsWith(tokens[last]) : text[at + last] === tokens[last];
      if (isLast && tokens.every((one, n) => n === last || text[at + n] === one)) return true;
    }
    return false;
  }

  // --- search ---

  /* Documents that a query finds, newest first: `{hit}` for each, `{passed}` (a moment) for each that had the words elsewhere, or
     a segment that has none. filter: told language, kind and day (since 1970) of a document. since, until: days, both included,
     or null; without them no segment is left out. */
  async function* find(query, { filter = () => true, since = null, until = null } = {}) {
    await words.prepare();
    const all = (await words.load("search/segments.js")).map(([name, newest, oldest, count, firsts]) =>
      ({ name, newest, oldest, count, firsts }));
    const day = (moment) => Math.floor(moment / 86400000);
    const segments = all.filter(({ newest, oldest }) =>
      (since === null || day(newest) >= since) && (until === null || day(oldest) <= until));
    const asked = segments.map(() => null);
    for (let n = 0; n < segments.length; n++) {
      for (let m = n; m < Math.min(n + AHEAD, segments.length); m++) {
        asked[m] ??= candidates(segments[m], query, filter);
        asked[m].catch(() => {});  // it is told when its turn comes
      }
      const segment = segments[n];
      const { head, found } = await asked[n];
      asked[n] = 0;
      for (const { number, language, kind, isSure } of found) {
        const text = await textOf(segment, head, number);
        if (isSure || isHit(text, language, query)) yield { hit: { ...text, language, kind } };
        else yield { passed: text.published };
      }
      yield { passed: segment.oldest };
    }
  }

  return { find };
})();
