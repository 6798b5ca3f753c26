// What the three single-page consoles share: their pages, as data, and what a step records.
export const NODES = ["db1.customer.example", "web7.customer.example"]
export const STEPS = ["started", "server-connected", "first-node", "finished"]

/** Page views and clicks are seen by themselves; a step of the set-up is said. */
export const reached = (number) => window.glasshouse?.record("setup_step", { step: STEPS[number - 1] })
