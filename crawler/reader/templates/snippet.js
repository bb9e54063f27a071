/* Where a document says what was looked for, by the rules of snippet.py. */
"use strict";

const snippets = (() => {
  const BEFORE = 60, LENGTH = 240;  // of a snippet; a character of a script without spaces counts twice

  function kindOf(character) {
    const found = words.fold(character), visible = found.trim();
    if (visible) return words.hasNoSpaces(visible) ? "r" : "w";
    return found ? "b" : "-";
  }

  /* The words of a text, given as characters, and each character of its runs without spaces. */
  function atoms(characters, language) {
    const found = [];
    for (const stretch of characters.map(kindOf).join("").matchAll(/w[w-]*|r[r-]*/g)) {
      const start = stretch.index, end = start + stretch[0].length;
      if (stretch[0][0] === "w") {
        const some = words.fold(characters.slice(start, end).join(""), language).split(" ").filter(Boolean);
        found.push(...some.map((text) => ({ text, start, end, goesOn: false })));
        continue;
      }
      let goesOn = false;
      for (let at = start; at < end; at++)
        for (const text of words.fold(characters[at]).replace(/ /g, "")) {
          found.push({ text, start: at, end: at + 1, goesOn });
          goesOn = true;
        }
    }
    return found;
  }

  function places(text, { wanted, isPrefix }) {
    const last = wanted.length - 1, found = [];
    for (let at = 0; last >= 0 && at + last < text.length; at++) {
      const fits = wanted.every((word, n) => {
        const here = text[at + n];
        return (isPrefix && n === last ? here.text.startsWith(word.text) : here.text === word.text)
          && (!n || here.goesOn === word.goesOn);
      });
      if (fits) found.push([text[at].start, text[at + last].end]);
    }
    return found;
  }

  function marker(terms, language) {
    return terms.map(({ words: said, isPrefix }) => {
      const text = words.fold(said, language);
      const wanted = atoms([...text], "");
      const last = wanted[wanted.length - 1];
      return { parts: words.partsOf(text), wanted, isPrefix: isPrefix && last && !words.hasNoSpaces(last.text) };
    });
  }

  /* Where a text has the terms: [[start, end]...], in characters, in order, none touching another; and how many terms. */
  function marked(characters, terms, language) {
    const there = atoms(characters, language);
    const found = terms.map((term) => places(there, term));
    const joined = [];
    for (const [start, end] of found.flat().sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
      const last = joined[joined.length - 1];
      if (last && start <= last[1]) last[1] = Math.max(last[1], end); else joined.push([start, end]);
    }
    return { joined, count: found.filter((some) => some.length).length };
  }

  /* A text in pieces: [whether it was looked for, text]. */
  function cut(characters, joined, start, end) {
    const pieces = [];
    let at = start;
    for (const [from, to] of joined.filter((place) => place[1] <= end && place[0] >= start)) {
      pieces.push([false, characters.slice(at, from).join("")], [true, characters.slice(from, to).join("")]);
      at = to;
    }
    pieces.push([false, characters.slice(at, end).join("")]);
    return pieces.filter((piece) => piece[1]);
  }

  function whole(text, query, language) {
    const characters = [...words.composed(text)];
    return cut(characters, marked(characters, marker(query.wanted, language), language).joined, 0, characters.length);
  }

  /* A piece of the passage with most of the terms, from a little before the first; where none has any, the first words. */
  function snippet(passages, query, language) {
    const terms = marker(query.wanted, language);
    const most = (text) => {
      const found = words.fold(text, language);
      return terms.filter(({ parts }) => parts.every((part) => found.includes(part))).length;
    };
    let best = { count: 0, joined: [], characters: [] };
    const ordered = passages.map((text) => [most(text), text]).sort((one, other) => other[0] - one[0]);
    for (const [atMost, text] of ordered) {
      if (atMost <= best.count) break;
      const characters = [...words.composed(text)];
      const found = marked(characters, terms, language);
      if (found.count > best.count) best = { ...found, characters };
    }
    if (!best.count) {
      const first = passages.slice(0, 3).reduce((one, other) => (other.length > one.length ? other : one), "");
      best.characters = [...first];
    }
    return around(best.characters, best.joined);
  }

  function around(characters, joined) {
    const width = (one) => (words.hasNoSpaces(words.fold(one)) ? 2 : 1);
    const first = joined[0] ?? [0, 0];
    let start = first[0];
    for (let columns = 0; start && columns < BEFORE; columns += width(characters[start])) start--;
    if (start) {
      const space = characters.indexOf(" ", start);
      if (space >= 0 && space < first[0]) start = space + 1;
    }
    let end = start;
    for (let columns = 0; end < characters.length && columns < LENGTH; end++) columns += width(characters[end]);
    end = Math.max(end, first[1]);
    if (end < characters.length) {
      const space = characters.lastIndexOf(" ", end);
      if (space > end - 20 && space >= first[1]) end = space;
    }
    const before = start ? [[false, "… "]] : [], after = end < characters.length ? [[false, " …"]] : [];
    return [...before, ...cut(characters, joined, start, end), ...after];
  }

  return { snippet, whole };
})();
