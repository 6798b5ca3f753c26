/** The consent banner: asks once, remembers, can be asked for again.
 *
 * Nothing in it needs an inline script or style, so a strict policy of the page holds.
 */
import type { Glasshouse, Receipt } from "./configuration"
import { STYLE } from "./style"
import { TEXTS } from "./texts"

type Words = Readonly<Record<string, string>>

const show = (glasshouse: Glasshouse): void => {
  const { banner, consent, ask } = glasshouse.configuration
  const language = chosenLanguage({ ...TEXTS, ...banner.texts })
  const words: Words = { ...TEXTS["en"], ...TEXTS[language], ...banner.texts[language] }
  let shown: HTMLElement | undefined
  let before: Element | null = null

  const say = (name: string, facts: Words = {}): string =>
    (words[name] ?? "").replace(/\{(\w+)\}/g, (_, fact: string) => ({ ...banner, ...facts })[fact as "name"] ?? "")

  const close = (): void => {
    shown?.remove()
    shown = undefined
    // Who came by the keyboard goes on where they were.
    if (before instanceof HTMLElement && before.isConnected) before.focus()
  }

  const button = (name: string, act: () => void): HTMLElement => {
    const made = element("button", say(name))
    made.setAttribute("type", "button")
    made.className = name
    made.addEventListener("click", () => {
      act()
      close()
    })
    return made
  }

  const open = (asked: boolean): void => {
    if (shown) return
    before = document.activeElement
    shown = document.createElement("glasshouse-banner")
    shown.lang = language
    const root = shown.attachShadow({ mode: "open" })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]

    const section = element("section")
    section.setAttribute("aria-labelledby", "title")
    section.setAttribute("aria-describedby", "text")
    section.tabIndex = -1
    const inside = section.appendChild(element("div"))
    const title = inside.appendChild(element("h2", say("title")))
    title.id = "title"
    const text = inside.appendChild(element("p", say("text")))
    text.id = "text"
    if (banner.privacy) {
      const link = element("a", say("more"))
      link.setAttribute("href", banner.privacy)
      inside.appendChild(element("p")).append(link)
    }
    const receipt = glasshouse.receipt()
    if (receipt) inside.append(element("p", receiptText(receipt)))
    inside.append(button("all", glasshouse.accept), button("necessary", glasshouse.withdraw))
    if (asked) {
      inside.append(button("close", () => undefined))
      section.addEventListener("keydown", (event) => {
        if (event.key == "Escape") close()
      })
    }
    root.append(section)
    // First in the page, so that the keyboard and a screen reader meet it first.
    document.body.prepend(shown)
    // Only who asked for it is taken there; a page that has just opened keeps its own focus.
    if (asked) section.focus()
  }

  const receiptText = ({ time, version, choice }: Receipt): string =>
    say("receipt", {
      time: new Date(time).toLocaleString(language),
      version: String(version),
      choice: say(choice),
    })

  glasshouse.reopen = () => open(true)
  document.addEventListener("click", (event) => {
    if ((event.target as Element).closest?.("[data-glasshouse-consent]")) open(true)
  })
  const receipt = glasshouse.receipt()
  const due = receipt ? receipt.choice == "all" && receipt.version < consent : true
  const asks = ask || glasshouse.configuration.identifier
  if (due && asks && !leftAlone()) open(false)
}

const element = (name: string, text = ""): HTMLElement => {
  const made = document.createElement(name)
  made.textContent = text
  return made
}

/** Who has told the browser to be left alone has chosen, and is not asked. */
const leftAlone = (): boolean =>
  navigator.doNotTrack == "1" || !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl

/** The page's language if there are words in it, else the first of the visitor's, else English. */
const chosenLanguage = (texts: Readonly<Record<string, unknown>>): string =>
  [document.documentElement.lang, ...navigator.languages]
    .map((tag) => tag.split("-")[0]!.toLowerCase())
    .find((tag) => tag in texts) ?? "en"

const begin = (): void => {
  const glasshouse = window.glasshouse
  if (!glasshouse || !("record" in glasshouse)) return
  try {
    show(glasshouse)
  } catch {
    // The page must not notice, whatever went wrong.
  }
}

if (document.readyState == "loading") document.addEventListener("DOMContentLoaded", begin)
else begin()
