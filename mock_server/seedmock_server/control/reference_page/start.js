// Shows the document that ?api= names; the names are those of the links in the page. A server with a control token is
// asked with the one of this tab, which is the same as that of the page at /_mock/.
const TOKEN = "seedmock.token"
const links = [...document.querySelectorAll("nav a")]
const name = new URLSearchParams(location.search).get("api")
const link = links.find((each) => each.dataset.api === name) ?? links[0]
const [form, main, status] = ["form", "main", "[role=status]"].map((part) => document.querySelector(part))
link.setAttribute("aria-current", "page")
document.title = `${link.textContent} · seedmock`

async function load(token) {
  const headers = token ? { "X-Mock-Token": token } : {}
  const response = await fetch(link.dataset.document, { headers, cache: "no-store" }).catch(() => null)
  if (response === null) throw new Error("the server does not answer; reload the page when it runs again")
  const body = await response.json().catch(() => null)
  if (response.ok) return body
  const problem = new Error(body?.error?.message ?? `the server answered ${response.status}`)
  throw Object.assign(problem, { isLogin: response.status === 401 })
}

async function show(token) {
  status.textContent = "Loading the document…"
  try {
    const document = await load(token)
    if (token) sessionStorage.setItem(TOKEN, token)
    status.textContent = ""
    form.hidden = true
    Redoc.init(document, {
      nativeScrollbars: true,
      showExtensions: ["x-basis", "x-source", "x-fact", "x-rules", "x-statuses", "x-aliases"],
      sortTagsAlphabetically: false,
    }, main)
  } catch (problem) {
    form.hidden = !problem.isLogin
    status.textContent = problem.isLogin && !token ? "" : problem.message
    if (problem.isLogin) {
      sessionStorage.removeItem(TOKEN)
      form.elements.token.focus()
    }
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault()
  show(form.elements.token.value.trim())
})
show(sessionStorage.getItem(TOKEN) ?? "")
