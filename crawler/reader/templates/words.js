/* Folding, tokens and queries, by the rules of fold.py, tokens.py and query.py in crawler/library/search; tests compare them on
   every character. The tables are search/folding.js; like all files of the search it is loaded as a script, so that neither a
   server nor fetch is needed. */
"use strict";

const words = (() => {
  const BREAK = "\ue000";  // between two passages: no phrase runs over it
  const LONGEST_QUERY = 10000;
  const MOST_KEPT = 300;  // files

  class QueryError extends Error {}

  // --- files ---

  const taken = new Map();
  const kept = new Map();

  function receive(path, value) {
    taken.get(path)?.(value);
  }

  function load(path) {
    if (!kept.has(path)) {
      const loading = new Promise((resolve, reject) => {
        const element = document.createElement("script");
        const fail = () => reject(new Error(`${path} is missing or damaged`));
        taken.set(path, resolve);
        element.onload = element.onerror = () => { element.remove(); taken.delete(path); fail(); };  // too late once it is there
        element.src = path;
        document.head.append(element);
      });
      loading.catch(() => kept.delete(path));
      kept.set(path, loading);
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    }
    return kept.get(path);
  }

  // --- folding: fold.py ---

  let tables, letters, sequence, run, parted;

  async function prepare() {
    if (tables) return;
    const found = await load("search/folding.js");
    letters = new Map(Object.entries(found.others));
    for (const [to, ranges] of [[" ", found.spaces], ["", found.nothing]])
      for (let n = 0; n < ranges.length; n += 2)
        for (let code = ranges[n]; code < ranges[n] + ranges[n + 1]; code++) letters.set(String.fromCodePoint(code), to);
    const pairs = [...found.letters];
    for (let n = 0; n < pairs.length; n += 2) letters.set(pairs[n], pairs[n + 1]);
    sequence = new RegExp(Object.keys(found.sequences).join("|"), "g");
    run = new RegExp(`[${found.without_spaces}]+`, "gu");
    parted = new RegExp(`[${found.without_spaces}]+|[^${found.without_spaces} \\n]+`, "gu");
    tables = found;
  }

  function folded(character) {
    let found = letters.get(character);
    if (found === undefined) {
      found = isAssigned(character.codePointAt(0)) ? character : " ";
      letters.set(character, found);
    }
    return found;
  }

  function isAssigned(code) {
    const ranges = tables.assigned;
    let low = 0, high = ranges.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ranges[2 * middle] <= code) low = middle + 1; else high = middle;
    }
    return low > 0 && code < ranges[2 * low - 2] + ranges[2 * low - 1];
  }

  const SIGNS = /([^\p{L}\p{N}_\s\x00-\x7f]{100,})/u;  // sorting many marks in a row takes time by the square of their number

  function composed(text) {
    const isPlain = !SIGNS.test(text) || ![...text].some((one, n) => n % 50 === 0 && /\p{M}/u.test(one));
    if (isPlain) return text.normalize("NFC");
    return text.split(SIGNS).map((part, n) => (n % 2 ? part : part.normalize("NFC"))).join("");
  }

  function fold(text, language = "") {
    if (/[\u0301\u0306\u0308]/.test(text)) text = composed(text);
    let found = "";
    for (const character of text) found += folded(character);
    found = composed(found).replace(sequence, (one) => tables.sequences[one]);
    if (language === "de") {
      found = found.replace(/ae/g, "a").replace(/oe/g, "o");
      found = found.replace(/ue/g, (ue, at, all) => (at && "aeioquy".includes(all[at - 1]) ? ue : "u"));
    }
    return found;
  }

  // --- tokens: tokens.py ---

  function pairsOf(text) {
    const characters = [...text];
    return characters.map((one, n) => one + (characters[n + 1] ?? ""));
  }

  function indexed(text, language) {
    const spaced = fold(text, language).replace(/\n/g, ` ${BREAK} `).replace(run, (found) => ` ${pairsOf(found).join(" ")} `);
    return spaced.split(" ").filter(Boolean);
  }

  function hasNoSpaces(text) {
    run.lastIndex = 0;
    return run.exec(text)?.index === 0;
  }

  /* The words, and the runs without spaces, of a folded text. */
  function partsOf(text) {
    return text.match(parted) ?? [];
  }

  function phrase(text, isPrefix) {
    const parts = partsOf(text);
    const tokens = parts.flatMap((part) => (hasNoSpaces(part) ? pairsOf(part) : [part]));
    const last = parts[parts.length - 1];
    if (last && hasNoSpaces(last)) {
      isPrefix = [...last].length === 1;
      if (!isPrefix) tokens.pop();  // the text may go on
    }
    return { tokens, isPrefix };
  }

  // --- queries: query.py ---

  function parse(text) {
    if (text.length > LONGEST_QUERY) throw new QueryError("A query has at most 10,000 characters.");
    if (text.split('"').length % 2 === 0) throw new QueryError('A phrase ends with a quote: "like this"');
    const wanted = new Map(), unwanted = new Map();
    for (const [, minus, quoted, word = ""] of text.matchAll(/(-?)(?:"([^"]*)"|([^\s"]+))/g)) {
      if (word.slice(0, -1).includes("*") || word === "*" || word === "-*") {
        throw new QueryError(`* stands after the beginning of a word: ${word}`);
      }
      const said = (quoted || word).trimEnd();
      const isPrefix = said.endsWith("*");
      const words = isPrefix ? said.slice(0, -1) : said;
      const [plain, german] = ["", "de"].map((language) => phrase(fold(words, language), isPrefix));
      if (plain.tokens.length) (minus ? unwanted : wanted).set(`${isPrefix} ${words}`, { words, isPrefix, plain, german });
    }
    if (!wanted.size) {
      const also = unwanted.size ? ", not only words to leave out" : "";
      throw new QueryError(`A query needs a word to look for${also}.`);
    }
    const terms = [...wanted.values(), ...unwanted.values()];
    const isSame = terms.every(({ plain, german }) => plain.tokens.join(" ") === german.tokens.join(" "));
    return { wanted: [...wanted.values()], unwanted: [...unwanted.values()], isSame };
  }

  return {
    QueryError, receive, load, prepare, composed, fold, indexed, hasNoSpaces, partsOf, parse,
    get tables() { return tables; },
  };
})();

function dw(path, value) {  // each file of the search calls this with what it holds
  words.receive(path, value);
}
