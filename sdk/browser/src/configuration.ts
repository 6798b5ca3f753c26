/** What the generated file lays into `window.glasshouse` before the tracker takes its place.
 *
 * Made from the manifest by `glasshouse_sdk/browser/configuration.py`, which says what each means.
 */
export interface Configuration {
  /** Where items go, relative to the script's own address. */
  readonly endpoint: string
  readonly product: string
  /** The digest of the manifest, so that the collector finds the declarations. */
  readonly manifest: string
  /** Version of what the visitor is told. */
  readonly consent: number
  /** Whether nothing may leave before the visitor agrees. */
  readonly ask: boolean
  /** Name of the cookie that remembers the choice. */
  readonly cookie: string
  /** How long the choice is remembered, in seconds. */
  readonly keep: number
  /** Whether who agrees gets a random identifier, kept in that cookie. */
  readonly identifier: boolean
  readonly view?: string
  readonly click?: string
  /** Pattern of a path as a regular expression, and the name under which it is reported. */
  readonly routes: readonly (readonly [expression: string, route: string])[]
  /** What a millisecond is in the unit of the load time. */
  readonly millisecond: number
  /** Declared items by path, their fields by name. */
  readonly items: Readonly<Record<string, Readonly<Record<string, Rule>>>>
  readonly banner: BannerConfiguration
}

/** What a field's value may be: one of these texts; a number, reduced to the lower bound of its
 * bucket; a finite number; a whole number; true or false.
 */
export type Rule = readonly string[] | readonly number[] | "number" | "integer" | "boolean"

export interface BannerConfiguration {
  readonly name: string
  readonly vendor: string
  /** Address of the statement on privacy; none if empty. */
  readonly privacy: string
  /** Texts by language, laid over those that ship with the banner. */
  readonly texts: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export type Value = string | number | boolean

/** What the visitor was shown and chose: the receipt. */
export interface Receipt {
  readonly version: number
  readonly time: string
  readonly choice: "all" | "necessary"
  readonly identifier?: string
}

/** What a page finds in `window.glasshouse`. None of these throws. */
export interface Glasshouse {
  /** Record a declared event by its name. What the manifest does not declare stays in the page. */
  record(name: string, fields?: Readonly<Record<string, unknown>>): void
  /** The visitor agrees to all. */
  accept(): void
  /** The visitor refuses or withdraws: the identifier is deleted, what waited is gone. */
  withdraw(): void
  /** The visitor's choice; null before there is one. */
  receipt(): Receipt | null
  /** Show the banner again, if it is on the page. */
  reopen?(): void
  readonly configuration: Configuration
}

declare global {
  interface Window {
    glasshouse?: Glasshouse | Configuration
  }
}
