"""The pages of the console, as HTML. What is clicked has a declared name, never that of a thing."""

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from puppet_enterprise.classifier import Group

LAYOUT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} · Puppet Enterprise</title>
<script src="/glasshouse/tracker.js" data-version="{version}"
 referrerpolicy="no-referrer" defer></script>
<script src="/glasshouse/banner.js" referrerpolicy="no-referrer" defer></script>
</head>
<body>
<nav aria-label="Pages"><a href="/" data-glasshouse="overview">Overview</a>
<a href="/nodes" data-glasshouse="inventory">Inventory</a>
<a href="/classification" data-glasshouse="classification">Classification</a>
<a href="/users" data-glasshouse="access-control">Access control</a></nav>
<main><h1>{title}</h1>{body}</main>
<footer><button type="button" data-glasshouse-consent>Analytics</button></footer>
</body>
</html>
"""
GROUPS = """<ul>{links}</ul>
<form method="post"><label>Group name <input name="name" required></label>
<button data-glasshouse="add-group">Add group</button></form>"""
GROUP = """<section><h2>Rules</h2><ul>{rules}</ul>
<form method="post" action="{address}/rules"><label>Rule <input name="rule" required></label>
<button data-glasshouse="add-rule">Add rule</button></form></section>
<section><h2>Classes</h2>{classes}
<form method="post" action="{address}/classes">
<label>Class <input name="class" required></label>
<label>Parameter <input name="parameter" required></label>
<label>Value <input name="value" required></label>
<button data-glasshouse="add-parameter">Add parameter</button></form></section>
<section><h2>Variables</h2><dl>{variables}</dl>
<form method="post" action="{address}/variables"><label>Key <input name="key" required></label>
<label>Value <input name="value" required></label>
<button data-glasshouse="add-variable">Add variable</button></form></section>"""
NODE = """<p>{services}</p><form method="post" action="{address}/run">
<button data-glasshouse="run-puppet">Run Puppet</button></form><p id="applied">{applied}</p>"""
USERS = """<ul>{users}</ul><form method="post"><label>User name <input name="name" required></label>
<button data-glasshouse="add-user">Add user</button></form>"""


def page(title: str, body: str, version: str) -> str:
    return LAYOUT.format(title=escape(title), body=body, version=escape(version, quote=True))


def overview(version: str, nodes: int) -> str:
    return f"<p>Puppet Enterprise {escape(version)}, {nodes} nodes</p>"


def inventory(certnames: Iterable[str]) -> str:
    return f"<ul>{_links('/nodes', 'node', certnames)}</ul>"


def node(certname: str, services: Sequence[str], applied: str) -> str:
    address = f"/nodes/{quote(certname, safe='')}"
    return NODE.format(
        services=escape(", ".join(services) or "agent"), address=address, applied=escape(applied)
    )


def groups(names: Iterable[str]) -> str:
    return GROUPS.format(links=_links("/classification", "group", names))


def group(name: str, facts: Group) -> str:
    classes = "".join(
        f"<h3>{escape(each)}</h3><dl>{_pairs(parameters)}</dl>"
        for each, parameters in facts.classes.items()
    )
    return GROUP.format(
        address=f"/classification/{quote(name, safe='')}",
        rules=_items(facts.rules),
        classes=classes,
        variables=_pairs(facts.variables),
    )


def users(names: Iterable[str]) -> str:
    return USERS.format(users=_items(names))


def _links(below: str, kind: str, names: Iterable[str]) -> str:
    return "".join(
        f'<li><a href="{below}/{quote(name, safe="")}" data-glasshouse="{kind}">{escape(name)}</a>'
        for name in names
    )


def _items(texts: Iterable[str]) -> str:
    return "".join(f"<li>{escape(text)}" for text in texts)


def _pairs(pairs: dict[str, str]) -> str:
    return "".join(f"<dt>{escape(key)}<dd>{escape(value)}" for key, value in pairs.items())
