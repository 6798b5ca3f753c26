/** The banner's looks. Every colour and measure that a product may want is a variable, with its
 * value here as the fallback; both choices have one rule, so neither can outweigh the other.
 */
export const STYLE = `
:host { all: initial }
section {
  position: fixed; inset: auto 0 0 0; z-index: 2147483647; box-sizing: border-box;
  max-height: 100vh; overflow: auto;
  padding: var(--glasshouse-padding, 1.25rem);
  font: var(--glasshouse-font, 1rem/1.5 system-ui, sans-serif);
  color: var(--glasshouse-text, #1a1f1d);
  background: var(--glasshouse-background, #ffffff);
  border-top: var(--glasshouse-border, 2px solid #1a1f1d);
}
div { max-width: var(--glasshouse-width, 60rem); margin: 0 auto }
h2 { margin: 0 0 .25rem; font-size: 1.125rem }
p { margin: 0 0 .75rem }
a { color: inherit }
button {
  min-width: 11rem; min-height: 2.75rem; margin: 0 .75rem .5rem 0; padding: .5rem 1rem;
  font: inherit; cursor: pointer;
  color: var(--glasshouse-button-text, #ffffff);
  background: var(--glasshouse-button, #1f5f4a);
  border: 2px solid var(--glasshouse-button, #1f5f4a);
  border-radius: var(--glasshouse-radius, .25rem);
}
button.close { color: inherit; background: none; border-color: currentColor }
:focus-visible { outline: 3px solid var(--glasshouse-focus, #b54708); outline-offset: 2px }
@media (prefers-color-scheme: dark) {
  section {
    color: var(--glasshouse-text, #f1f5f3);
    background: var(--glasshouse-background, #141b18);
    border-top: var(--glasshouse-border, 2px solid #f1f5f3);
  }
  :focus-visible { outline-color: var(--glasshouse-focus, #ffb86b) }
}
`
