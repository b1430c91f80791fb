// Sphinx gives a page the score of the best word of a query. A title that has more of its words
// comes first, so that a reader who types what a page is about finds that page.
const words = (text) => text.toLowerCase().match(/\w+/g) ?? [];
const query = words(new URLSearchParams(location.search).get("q") ?? "");

var Scorer = {
  score: ([, title, , , score]) => {
    const found = new Set(words(title));
    return score + (30 * query.filter((word) => found.has(word)).length) / query.length;
  },
  // The rest is as Sphinx has it.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
