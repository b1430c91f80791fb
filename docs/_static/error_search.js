// Lead from an error's text to its entry in the index of symptoms.
//
// Sphinx's search wants each word of a query on one page. A traceback's last line has words that no
// page has, since they differ each time: an address, a path, a number. Words that the site does
// not have are left out here, and the entries whose headings the query quotes stand first.

document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return; // only the page of results has it

  const INDEX = "symptoms";
  const ENTRY = "symptom-";
  const MOST = 3; // entries
  const words = (text) =>
    new Set(splitQuery(text.toLowerCase()).filter((word) => !/^\d+$/.test(word)));

  const isKnown = (term) =>
    [Search._index.terms, Search._index.titleterms].some(
      (terms) =>
        Object.hasOwn(terms, term) ||
        (term.length > 2 && Object.keys(terms).some((known) => known.includes(term))),
    );

  const quotedEntries = (query) => {
    const { alltitles, docnames, filenames, titles } = Search._index;
    const asked = [...words(query)];
    const isQuoted = (word) =>
      asked.some((other) => other === word || (word.length > 2 && other.startsWith(word)));
    const found = [];
    for (const [title, places] of Object.entries(alltitles)) {
      const heading = words(title);
      const shared = [...heading].filter(isQuoted).length;
      for (const [page, id] of places)
        if (docnames[page] === INDEX && id?.startsWith(ENTRY) && shared >= heading.size / 2)
          found.push([
            ...[docnames[page], `${titles[page]} > ${title}`, `#${id}`, null],
            ...[shared + shared / heading.size, filenames[page], SearchResultKind.title],
          ]);
    }
    return found.sort((one, other) => one[4] - other[4]).slice(-MOST); // the best one is last
  };

  const perform = Search._performSearch;
  Search._performSearch = (query, terms, ...rest) => {
    const entries = quotedEntries(query);
    const places = new Set(entries.map((entry) => entry[0] + entry[2]));
    const others = perform(query, new Set([...terms].filter(isKnown)), ...rest);
    return [...others.filter((result) => !places.has(result[0] + result[2])), ...entries];
  };
});
