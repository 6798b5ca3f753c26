"""The pages, as HTML."""

import json
from collections.abc import Mapping, Sequence
from html import escape

from cd4pe_service.inventory import Record
from cd4pe_service.tables import POLICIES, PUPPET_ENTERPRISE, SYSTEMS

TITLES = {
    "root_account": "Create the root account",
    "storage": "Choose where artifacts are stored",
    "license": "Add your license",
    "user_account": "Create a user account",
}
INTEGRATIONS = {PUPPET_ENTERPRISE: "Puppet Enterprise", **SYSTEMS}
LAYOUT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} · Continuous Delivery for PE</title>
<script src="/glasshouse/tracker.js" data-version="{release}"
 referrerpolicy="no-referrer" defer></script>
<script src="/site.js" defer></script>
</head>
<body>
<header>{header}</header>
<main><h1>{title}</h1>{problem}{body}</main>
<footer>{said}<a href="/analytics">Analytics</a></footer>
</body>
</html>
"""
HEADER = """<nav aria-label="Pages"><a href="/">Control repos</a> <a href="/modules">Modules</a>
<a href="/integrations">Integrations</a></nav>
<form method="post" action="/logout"><button>Log out</button></form>"""
HEADER_OF_ROOT = """<nav aria-label="Pages"><a href="/accounts">Accounts</a></nav>
<form method="post" action="/logout"><button>Log out</button></form>"""
ACCOUNT = """<label>E-mail <input name="email" type="email" required autocomplete="email"></label>
<label>Company <input name="company" autocomplete="organization"></label>
<label>Name <input name="name" required autocomplete="username"></label>
<label>Password <input name="password" type="password" required minlength="8"
 autocomplete="new-password"></label>"""
STORAGE = """<label>Storage <select name="storage"><option value="disk">this disk</option>
<option value="dump">the artifact server</option></select></label>"""
LICENSE = '<label>License UUID <input name="license" required size="36"></label>'
FORMS = {
    "root_account": ACCOUNT,
    "storage": STORAGE,
    "license": LICENSE,
    "user_account": ACCOUNT,
}
LOGIN = """<form method="post"><label>Name <input name="name" required
 autocomplete="username"></label>
<label>Password <input name="password" type="password" required
 autocomplete="current-password"></label>
<button>Log in</button></form>"""
SERVER = '<label>Server <input name="server" required></label>'
CREDENTIALS = '<label>Token <input name="token" required autocomplete="off"></label>'
CONFIRM = "<p>Server and token are noted.</p>"
PIPELINE = """<h2>Add a pipeline</h2><form method="post" action="{address}/pipelines">
<label>Name <input name="name" required></label>
<label><input type="checkbox" name="impact_analysis"> Impact analysis</label>
<button>Add pipeline</button></form>"""
STAGES = """<section><h2>{name}{analysis}</h2><ul>{deployments}{jobs}</ul>
<form method="post" action="{address}/pipelines/{id}/deployments">
<label>Node group <input name="node_group" required></label>
<label>Policy <select name="policy">{policies}</select></label>
<button>Add deployment</button></form>
<form method="post" action="{address}/pipelines/{id}/jobs">
<label>Job <input name="name" required></label>
<label>Hardware <input name="hardware"></label><button>Add job</button></form></section>"""


def page(
    title: str,
    body: str,
    said: Sequence[Mapping[str, str]],
    *,
    release: str,
    inside: str = "",
    problem: str = "",
) -> str:
    """`said` is what has been done since the last page; `inside`: who is logged in, `user`, `root`
    or nobody.
    """
    return LAYOUT.format(
        title=escape(title),
        body=body,
        release=escape(release),
        said="".join(
            f'<span hidden data-said="{escape(json.dumps(each))}"></span>' for each in said
        ),
        header={"user": HEADER, "root": HEADER_OF_ROOT}.get(inside, ""),
        problem=f'<p role="alert">{escape(problem)}</p>' if problem else "",
    )


def set_up_step(step: str) -> str:
    return f'<form method="post">{FORMS[step]}<button>Continue</button></form>'


def projects(found: Sequence[Record], address: str) -> str:
    links = "".join(
        f'<li><a href="{address}/{each.id}">{escape(each.name)}</a></li>' for each in found
    )
    add = '<label>Name <input name="name" required></label><button>Add</button>'
    return f'<ul>{links}</ul><form method="post" action="{address}">{add}</form>'


def project(
    address: str,
    pipelines: Sequence[Record],
    deployments: Mapping[int, Sequence[Record]],
    jobs: Mapping[int, Sequence[Record]],
) -> str:
    """`deployments` and `jobs` by the number of their pipeline."""
    policies = "".join(f'<option value="{k}">{v}</option>' for k, v in POLICIES.items())
    stages = "".join(
        STAGES.format(
            name=escape(each.name),
            analysis=" (impact analysis)" if each.impact_analysis else "",
            deployments="".join(
                f"<li>{escape(d.node_group)}: {POLICIES[d.policy]}</li>"
                for d in deployments[each.id]
            ),
            jobs="".join(f"<li>job {escape(job.name)}</li>" for job in jobs[each.id]),
            address=address,
            id=each.id,
            policies=policies,
        )
        for each in pipelines
    )
    return stages + PIPELINE.format(address=address)


def integrations(configured: Sequence[Record]) -> str:
    there = {each.system for each in configured}
    links = "".join(
        f'<li><a href="/integrations/{name}">{title}</a>{" (configured)" * (name in there)}</li>'
        for name, title in INTEGRATIONS.items()
    )
    return f"<ul>{links}</ul>"


def integration(step: str) -> str:
    form = {"server": SERVER, "credentials": CREDENTIALS}.get(step, CONFIRM)
    button = "Save integration" if step == "configured" else "Continue"
    return f'<form method="post">{form}<button name="step" value="{step}">{button}</button></form>'


def accounts(found: Sequence[Record]) -> str:
    rows = "".join(
        f"<li>{escape(each.name)}"
        + (
            f'<form method="post" action="/accounts/{each.id}/deactivate">'
            "<button>Deactivate</button></form>"
            if each.is_active
            else " (deactivated)"
        )
        + "</li>"
        for each in found
    )
    return f'<ul>{rows}</ul><form method="post">{ACCOUNT}<button>Add account</button></form>'


def analytics(state: str, sent: Sequence[str]) -> str:
    """`sent`: the paths of all that may be sent."""
    items = "".join(f"<li><code>{escape(path)}</code></li>" for path in sent)
    refused = "<p>Only <code>cd4pe.py analytics on</code> turns it on again.</p>"
    return (
        f"<p>Analytics data collection is {escape(state)} for this installation.</p>"
        f"{refused * (state == 'off')}"
        f"<p>What may be sent:</p><ul>{items}</ul>"
        '<button type="button" id="withdraw">Not from this browser</button>'
        '<p id="withdrawn" hidden>Nothing more is sent from this browser.</p>'
    )
