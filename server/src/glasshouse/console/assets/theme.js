// Runs before the page is drawn, so that a chosen theme does not flash the other one first.
// The choice stays in this browser; the server never learns of it.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the system's theme it is, then.
}
