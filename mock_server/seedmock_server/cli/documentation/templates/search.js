// Search of the documentation: every word must occur; a hit in a heading comes before one in the text.
const field = document.getElementById("search");
const results = document.getElementById("results");
const root = document.body.dataset.root;
const LIMIT = 30;
const CONTEXT = 60;

function score(entry, words) {
  const title = `${entry.page} ${entry.heading}`.toLowerCase();
  const text = entry.text.toLowerCase();
  let sum = 0;
  for (const word of words) {
    if (title.includes(word)) sum += 10;
    else if (text.includes(word)) sum += 1;
    else return 0;
  }
  return sum;
}

function excerpt(entry, word) {
  const at = Math.max(0, entry.text.toLowerCase().indexOf(word) - CONTEXT);
  return (at ? "... " : "") + entry.text.slice(at, at + 3 * CONTEXT);
}

function link(entry, word) {
  const anchor = document.createElement("a");
  anchor.href = root + entry.address;
  const name = document.createElement("strong");
  name.textContent = entry.heading === entry.page ? entry.page : `${entry.page}: ${entry.heading}`;
  const text = document.createElement("span");
  text.textContent = excerpt(entry, word);
  anchor.append(name, text);
  anchor.addEventListener("click", () => { results.hidden = true; });
  return anchor;
}

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  results.hidden = words.length === 0;
  const hits = ENTRIES.map((entry) => [score(entry, words), entry]).filter(([points]) => points > 0);
  hits.sort(([a], [b]) => b - a);
  results.replaceChildren(...hits.slice(0, LIMIT).map(([, entry]) => link(entry, words[0])));
  if (hits.length === 0) results.textContent = "Nothing found.";
}

field.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape") {
    field.value = "";
    search();
    field.blur();
  }
});

field.value = new URLSearchParams(location.search).get("q") ?? "";
if (field.value) search();
