// What a page gains with script: a theme button, readable values under the pointer, keys, copying,
// names of countries, and a first item that shows by itself. Everything else works without.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const themeButton = document.querySelector(".theme");

const theme = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
const nameTheme = () => {
  const words = themeButton.dataset;
  themeButton.textContent = theme() === "dark" ? words.light : words.dark;
  themeButton.setAttribute("aria-label", theme() === "dark" ? words.toLight : words.toDark);
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

// Keys: whatever says aria-keyshortcuts is pressed by its key; "?" lists them. They can be switched
// off, for people whose voice or switch types letters by accident.
const dialog = document.querySelector("dialog.keys");
const shortcuts = [...document.querySelectorAll("[aria-keyshortcuts]")];
const signs = { ArrowLeft: "←", ArrowRight: "→" };
const keysOff = () => {
  try {
    return localStorage.getItem("keys") === "off";
  } catch {
    return false;
  }
};
const list = dialog.querySelector("dl");
const addKey = (key, text) => {
  const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = signs[key] ?? key;
  meaning.textContent = text;
  list.append(term, meaning);
};
for (const each of shortcuts) {
  if (each.tagName !== "INPUT") addKey(each.getAttribute("aria-keyshortcuts"), each.getAttribute("aria-label") ?? each.textContent);
}
for (const each of dialog.querySelector("template").content.querySelectorAll("[data-key]")) {
  if (each.dataset.key === "?" || shortcuts.some((one) => one.getAttribute("aria-keyshortcuts") === each.dataset.key)) addKey(each.dataset.key, each.textContent);
}
const keySwitch = dialog.querySelector(".switch");
const nameSwitch = () => {
  keySwitch.textContent = keysOff() ? keySwitch.dataset.on : keySwitch.dataset.off;
};
nameSwitch();
keySwitch.addEventListener("click", () => {
  try {
    localStorage.setItem("keys", keysOff() ? "on" : "off");
  } catch {
    // They stay on.
  }
  nameSwitch();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  if (event.target.closest?.("input, select, textarea, [contenteditable], .scroll")) return;
  if (event.key === "?") {
    dialog.showModal();
    event.preventDefault();
    return;
  }
  if (keysOff()) return;
  const one = shortcuts.find((each) => each.getAttribute("aria-keyshortcuts") === event.key);
  if (!one) return;
  event.preventDefault();
  if (one.tagName === "INPUT") one.focus();
  else one.click();
});

// Countries by their names, where the browser knows them.
try {
  const names = new Intl.DisplayNames([root.lang], { type: "region", fallback: "none" });
  for (const each of document.querySelectorAll("[data-country]")) {
    const name = names.of(each.dataset.country);
    if (name) each.textContent = `${name} (${each.dataset.country})`;
  }
} catch {
  // The two letters it is, then.
}

const print = document.querySelector("button.print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// What is to be copied.
const copyButton = document.querySelector(".first-use template")?.content.firstElementChild;
for (const block of copyButton ? document.querySelectorAll("pre.copied") : []) {
  const button = copyButton.cloneNode(true);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = button.dataset.copied;
  });
  block.append(button);
}

// The first item: the page looks again until one is there.
const waiting = document.querySelector(".arrival[data-waits]");
const LOOK_AGAIN = 3000;
const look = async () => {
  try {
    const answer = await fetch(waiting.dataset.waits, { headers: { accept: "text/html" } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const still = found.querySelector(".arrival[data-waits]");
    if (answer.ok && !still) {
      waiting.classList.add("here");
      waiting.querySelector(".said").textContent = waiting.dataset.arrived;
      waiting.querySelector("a").textContent = waiting.dataset.show;
      // What said that nothing is there, and counted none, is over.
      const title = document.querySelector("#first");
      title.textContent = title.dataset.arrived;
      document.querySelector(".first-use .yet").hidden = true;
      const [books, now] = [document, found].map((page) => page.querySelector(".books"));
      if (books && now) books.replaceWith(now);
      return;
    }
    if (still) waiting.querySelector(".said").textContent = still.querySelector(".said").textContent;
  } catch {
    // The server may be starting anew.
  }
  setTimeout(look, LOOK_AGAIN);
};
if (waiting) setTimeout(look, LOOK_AGAIN);
