// React with react-router: nothing to do for page views and clicks, an effect for a step.
import { useEffect } from "react"
import { createRoot } from "react-dom/client"
import { BrowserRouter, Link, Route, Routes, useParams } from "react-router"
import { NODES, STEPS, reached } from "./console.js"

const Overview = () => (
  <main>
    <h1>Overview</h1>
    <button type="button" data-glasshouse="run">Run now</button>
  </main>
)

const Nodes = () => (
  <main>
    <h1>Nodes</h1>
    <ul>
      {NODES.map((name) => (
        <li key={name}><Link to={`/nodes/${name}`}>{name}</Link></li>
      ))}
    </ul>
    <Link to="/nodes/new" data-glasshouse="add-node">Add a node</Link>
  </main>
)

const Node = () => <main><h1>{useParams().name}</h1></main>

const Setup = () => {
  const step = +useParams().step
  useEffect(() => reached(step), [step])
  return (
    <main>
      <h1>Step {step}</h1>
      {step < STEPS.length ? <Link to={`/setup/${step + 1}`}>Next</Link> : "Done."}
    </main>
  )
}

createRoot(document.getElementById("console")).render(
  <BrowserRouter>
    <nav aria-label="Pages">
      <Link to="/">Overview</Link> <Link to="/nodes">Nodes</Link> <Link to="/setup/1">Set up</Link>
    </nav>
    <Routes>
      <Route path="/nodes" element={<Nodes />} />
      <Route path="/nodes/:name" element={<Node />} />
      <Route path="/setup/:step" element={<Setup />} />
      <Route path="*" element={<Overview />} />
    </Routes>
    <button type="button" data-glasshouse-consent="">Privacy</button>
  </BrowserRouter>,
)
