// Shows the document that ?api= names; the names are those of the links in the page.
const links = [...document.querySelectorAll("nav a")]
const name = new URLSearchParams(location.search).get("api")
const link = links.find((each) => each.dataset.api === name) ?? links[0]
link.setAttribute("aria-current", "page")
document.title = `${link.textContent} · seedmock`
Redoc.init(link.dataset.document, {
  hideDownloadButton: false,
  nativeScrollbars: true,
  showExtensions: ["x-basis", "x-source", "x-fact", "x-rules", "x-statuses", "x-aliases"],
  sortTagsAlphabetically: false,
}, document.querySelector("main"))
