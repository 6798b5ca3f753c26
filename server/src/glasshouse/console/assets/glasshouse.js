// What a page gains with script: a theme button, and readable values under the pointer.
// Everything else works without.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const themeButton = document.querySelector(".theme");

const theme = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
const nameTheme = () => {
  themeButton.textContent = theme() === "dark" ? "Light" : "Dark";
  themeButton.setAttribute("aria-label", `Switch to the ${themeButton.textContent.toLowerCase()} theme`);
};
themeButton.hidden = false;
nameTheme();
dark.addEventListener("change", nameTheme);
themeButton.addEventListener("click", () => {
  root.dataset.theme = theme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // It holds for this page at least.
  }
  nameTheme();
});

// The <title> of a chart's slot is what the browser would show after a pause; shown at once, and
// taken out of the slot so that it does not appear twice.
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

const showTip = (slot) => {
  const title = slot.querySelector("title");
  if (title) {
    slot.dataset.tip = title.textContent;
    title.remove();
  }
  tip.replaceChildren(
    ...slot.dataset.tip.split("\n").map((line, place) => {
      const row = document.createElement(place ? "div" : "strong");
      const [name, value] = line.split("\t");
      row.append(name);
      if (value !== undefined) {
        const figure = document.createElement("b");
        figure.textContent = value;
        row.append(figure);
      }
      return row;
    }),
  );
  tip.hidden = false;
  const at = slot.querySelector("line").getBoundingClientRect();
  const right = at.left + 16 + tip.offsetWidth < innerWidth;
  // Through the object model: the policy forbids style attributes, not this.
  tip.style.left = `${scrollX + (right ? at.left + 12 : Math.max(8, at.left - 12 - tip.offsetWidth))}px`;
  tip.style.top = `${scrollY + at.top + 4}px`;
};
for (const chart of document.querySelectorAll("svg.chart")) {
  chart.addEventListener("pointermove", (event) => {
    const slot = event.target.closest?.(".slot");
    if (slot) showTip(slot);
    else tip.hidden = true;
  });
  chart.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
}
