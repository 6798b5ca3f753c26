"""What axe-core finds in a page that Chromium shows."""

from pathlib import Path

AXE = Path(__file__).parents[3] / "sdk/browser/node_modules/axe-core/axe.min.js"


def faults(page):
    """What axe finds in the whole page by all of its rules, with its tables open."""
    page.value("document.querySelectorAll('main details').forEach(d => { d.open = true }); 1")
    page.value(f"{AXE.read_text()}; 1")
    found = page.value(
        "axe.run(document).then(r => ({faults: r.violations.map(v => "
        "[v.id, v.impact, v.nodes[0].html.slice(0, 200)]), rules: r.passes.length}))"
    )
    assert found["rules"] > 10
    return found["faults"]
