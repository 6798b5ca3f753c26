// Without a framework: the History API, and elements made by hand.
import { NODES, STEPS, reached } from "./console.js"

const element = (name, attributes = {}, ...inside) => {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...inside)
  return made
}
const link = (to, text, attributes = {}) => element("a", { href: to, ...attributes }, text)

const pages = {
  "": () => [element("h1", {}, "Overview"), element("button", { type: "button", "data-glasshouse": "run" }, "Run now")],
  nodes: (name) =>
    name
      ? [element("h1", {}, name)]
      : [
          element("h1", {}, "Nodes"),
          element("ul", {}, ...NODES.map((each) => element("li", {}, link(`/nodes/${each}`, each)))),
          link("/nodes/new", "Add a node", { "data-glasshouse": "add-node" }),
        ],
  setup: (step) => {
    reached(+step)
    return [element("h1", {}, `Step ${step}`), +step < STEPS.length ? link(`/setup/${+step + 1}`, "Next") : "Done."]
  },
}

const show = () => {
  const [, first, rest] = location.pathname.split("/")
  const inside = (pages[first] ?? pages[""])(rest)
  document.getElementById("console").replaceChildren(
    element("nav", { "aria-label": "Pages" }, link("/", "Overview"), " ", link("/nodes", "Nodes"), " ", link("/setup/1", "Set up")),
    element("main", {}, ...inside),
    element("button", { type: "button", "data-glasshouse-consent": "" }, "Privacy"),
  )
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a")
  if (!anchor) return
  event.preventDefault()
  history.pushState({}, "", anchor.getAttribute("href"))
  show()
})
addEventListener("popstate", show)
show()
