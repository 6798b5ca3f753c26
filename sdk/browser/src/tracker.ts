/** The tracker: page views, clicks and declared actions, and nothing that is not declared.
 *
 * One closure, for names within it cost no bytes. Whatever happens, nothing is thrown into the page.
 */
import type { Configuration, Glasshouse, Receipt, Rule, Value } from "./configuration"

interface Item {
  readonly id: string
  readonly item: string
  readonly fields: Record<string, Value>
  /** Milliseconds since 1970 by this browser; only the distance to the sending leaves it. */
  readonly at: number
}

const MOST_WAITING = 100
const LATER = 30_000

const safe =
  <Arguments extends unknown[]>(run: (...given: Arguments) => void) =>
  (...given: Arguments): void => {
    try {
      run(...given)
    } catch {
      // The page must not notice, whatever went wrong.
    }
  }

const track = (configuration: Configuration): void => {
  const { consent, cookie } = configuration
  const { items, routes } = configuration
  const tag = document.currentScript as HTMLScriptElement | null
  const endpoint = new URL(configuration.endpoint, tag?.src || location.href).href
  // Looked at every time, for a browser may ask to be left alone at any moment.
  const leftAlone = (): unknown =>
    navigator.doNotTrack == "1" || (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl

  let waiting: Item[] = []
  let timer = 0
  let stop = new AbortController()
  let lastPath: string | undefined
  /** What the cookie said when it was last read; null before a choice, undefined for nonsense. */
  let given: Receipt | null | undefined
  let read = 0

  /** The cookie: VERSION.SECONDS.CHOICE.IDENTIFIER. To read it the browser asks another process
   * (three quarters of a millisecond), so what it said is believed for a second. Then it is read
   * before anything is sent, for another tab may have changed it.
   */
  const receipt = (): Receipt | null => {
    read = Date.now()
    const found = document.cookie.split("; ").find((each) => each.startsWith(cookie + "="))
    const parts = /^(\d+)\.(\d{1,12})\.(all|necessary)\.?(\w*)$/.exec((found || "").slice(cookie.length + 1))
    given = parts
      ? {
          version: +parts[1]!,
          time: new Date(+parts[2]! * 1000).toISOString(),
          choice: parts[3] as Receipt["choice"],
          identifier: parts[4],
        }
      : // What cannot be read is a refusal.
        found ? undefined : null
    return given || null
  }

  /** Whether the visitor has agreed to what the manifest says today. */
  const agreed = (): boolean => given?.choice == "all" && given.version >= consent

  const allowed = (): boolean =>
    !leftAlone() && given !== undefined && given?.choice != "necessary" && (!configuration.ask || agreed())

  const newId = (): string =>
    // Not randomUUID: consoles behind a firewall are often without TLS, and it wants TLS.
    [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => (byte + 256).toString(16).slice(1)).join("")

  const reduce = (rule: Rule, value: unknown): Value | undefined => {
    const kind = typeof value
    if (typeof rule == "string") {
      if (kind == (rule == "boolean" ? rule : "number")) {
        return rule == "integer" ? Math.round(value as number) : (value as Value)
      }
    } else if (typeof rule[0] == "number") {
      if (kind == "number") {
        return [...(rule as number[])].reverse().find((bound) => bound <= (value as number)) ?? rule[0]
      }
    } else if (value != null) {
      return (rule as string[]).find((each) => each == value) ?? (rule as string[]).find((each) => each == "other")
    }
    return undefined
  }

  /** Lay those values into the fields that have a rule and pass it. */
  const fill = (fields: Item["fields"], rules: Readonly<Record<string, Rule>>, values: Readonly<Record<string, unknown>>): void => {
    for (const name in rules) {
      const value = reduce(rules[name]!, values[name])
      if (value !== undefined) fields[name] = value
    }
  }

  /** Queue an item, with those of its values that the manifest allows. */
  const add = (path: string | undefined, values: Readonly<Record<string, unknown>>, needed?: string[]): Item | undefined => {
    const rules = items[path!]
    if (!rules || !allowed()) return undefined
    const fields: Item["fields"] = {}
    fill(fields, rules, values)
    if (needed && !needed.some((name) => name in fields)) return undefined
    const item = { id: newId(), item: path!, fields, at: Date.now() }
    waiting = [...waiting, item].slice(-MOST_WAITING)
    // At the end of the task that it happened in: a browser that closes the page in the next one
    // may not ask it again (Firefox ends the process). Only the load time is waited for.
    if (document.readyState == "complete") queueMicrotask(send)
    else timer ||= setTimeout(send, LATER)
    return item
  }

  const send = safe(() => {
    clearTimeout(timer)
    timer = 0
    const batch = waiting
    waiting = []
    if (!batch[0]) return
    const now = Date.now()
    if (now - read > 1000) receipt()
    if (!allowed()) return
    const body = JSON.stringify({
      product: configuration.product,
      manifest: configuration.manifest,
      consent: agreed() ? given!.version : undefined,
      visitor: (agreed() && given!.identifier) || undefined,
      version: tag?.dataset.version,
      items: batch.map(({ at, ...item }) => ({ ...item, ago: now - at })),
    })
    const { signal } = stop
    // keepalive: the request outlives the page. No cookie and no address of the page go with it.
    // Browsers of before it came (Firefox 133) have the beacon for that, which cannot fail later.
    if (document.visibilityState == "hidden" && !("keepalive" in Request.prototype)) {
      navigator.sendBeacon(endpoint, body)
      return
    }
    fetch(endpoint, { method: "POST", body, keepalive: true, credentials: "omit", referrerPolicy: "no-referrer", signal })
      .then((answer) => {
        if (answer.status > 499 || answer.status == 429) throw 0
      })
      .catch(() => {
        if (signal.aborted) return
        waiting = [...batch, ...waiting].slice(-MOST_WAITING)
        timer ||= setTimeout(send, LATER)
      })
  })

  const route = (): string | undefined =>
    routes.find(([expression]) => RegExp(expression).test(location.pathname))?.[1]

  /** The host that the visitor came from; nothing within the site, and never more than the host. */
  const cameFrom = (): string | null => {
    const host = document.referrer && new URL(document.referrer).host
    return host && host != location.host ? host : null
  }

  const view = safe((first?: unknown) => {
    if (first !== true && location.pathname == lastPath) return
    lastPath = location.pathname
    const item = add(
      configuration.view,
      {
        route: route(),
        referrer: first === true ? cameFrom() : null,
        language: navigator.language.split("-")[0],
        screen_width: screen.width,
        screen_height: screen.height,
      },
      ["route"],
    )
    if (!item) return
    // Laid into the waiting item once the page is loaded, so that nobody who leaves early goes
    // uncounted, and that no size is asked for before the page has been laid out.
    const loaded = safe(() => {
      const timing = performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming & { activationStart?: number }
      fill(item.fields, items[item.item]!, {
        load_time:
          first === true && timing.loadEventEnd
            ? Math.round(Math.max(timing.loadEventEnd - (timing.activationStart || 0), 0)) * configuration.millisecond
            : null,
        viewport_width: innerWidth,
        viewport_height: innerHeight,
      })
      send()
    })
    if (document.readyState == "complete") loaded()
    // A task later, for the event itself belongs to the load.
    else addEventListener("load", () => setTimeout(loaded))
  })

  const click = safe((event: Event) => {
    const element = (event.target as Element).closest("[data-glasshouse],a,button,[role]")
    if (!element) return
    add(
      configuration.click,
      {
        name: element.getAttribute("data-glasshouse"),
        role: element.getAttribute("role") || { A: "link", BUTTON: "button" }[element.tagName],
        route: route(),
      },
      ["name", "role"],
    )
  })

  const choose = (all: boolean): void => {
    const identifier = all && configuration.identifier && !leftAlone() ? "." + newId() : ""
    document.cookie =
      `${cookie}=${consent}.${Math.round(Date.now() / 1000)}.${all ? "all" : "necessary"}${identifier}` +
      `;path=/;max-age=${configuration.keep};samesite=lax${location.protocol == "https:" ? ";secure" : ""}`
    receipt()
    if (all) {
      lastPath = undefined
      view()
    } else {
      waiting = []
      clearTimeout(timer)
      timer = 0
      stop.abort()
      stop = new AbortController()
    }
  }

  window.glasshouse = {
    record: safe((name, fields) => add("event." + name, fields || {})),
    accept: safe(() => choose(true)),
    withdraw: safe(() => choose(false)),
    receipt,
    configuration,
  } satisfies Glasshouse

  receipt()
  const begin = () => view(true)
  if ((document as { prerendering?: boolean }).prerendering) {
    document.addEventListener("prerenderingchange", begin, { once: true })
  } else {
    begin()
  }
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name]
    history[name] = function (...given) {
      original.apply(this, given)
      view()
    }
  }
  addEventListener("popstate", view)
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      lastPath = undefined
      view()
    }
  })
  addEventListener("online", send)
  addEventListener("pagehide", send)
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState == "hidden") send()
    else receipt()
  })
  document.addEventListener("click", click, true)
}

const configured = window.glasshouse
if (configured && "items" in configured) safe(track)(configured)
