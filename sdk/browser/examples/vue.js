// Vue with vue-router. Render functions, for templates compiled in the page need 'unsafe-eval'.
import { createApp, h, watchEffect } from "vue"
import { RouterLink, RouterView, createRouter, createWebHistory, useRoute } from "vue-router"
import { NODES, STEPS, reached } from "./console.js"

const link = (to, text, attributes = {}) => h(RouterLink, { to, ...attributes }, () => text)

const Overview = {
  render: () =>
    h("main", [h("h1", "Overview"), h("button", { type: "button", "data-glasshouse": "run" }, "Run now")]),
}

const Nodes = {
  render: () =>
    h("main", [
      h("h1", "Nodes"),
      h("ul", NODES.map((name) => h("li", { key: name }, link(`/nodes/${name}`, name)))),
      link("/nodes/new", "Add a node", { "data-glasshouse": "add-node" }),
    ]),
}

const Node = { setup: () => { const route = useRoute(); return () => h("main", h("h1", route.params.name)) } }

const Setup = {
  setup() {
    const route = useRoute()
    watchEffect(() => { if (route.params.step) reached(+route.params.step) })
    return () => {
      const step = +route.params.step
      return h("main", [h("h1", `Step ${step}`), step < STEPS.length ? link(`/setup/${step + 1}`, "Next") : "Done."])
    }
  },
}

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/nodes", component: Nodes },
    { path: "/nodes/:name", component: Node },
    { path: "/setup/:step", component: Setup },
    { path: "/:rest(.*)*", component: Overview },
  ],
})

const Console = () => [
  h("nav", { "aria-label": "Pages" }, [link("/", "Overview"), " ", link("/nodes", "Nodes"), " ", link("/setup/1", "Set up")]),
  h(RouterView),
  h("button", { type: "button", "data-glasshouse-consent": "" }, "Privacy"),
]

createApp(Console).use(router).mount("#console")
