"""The pages of PipeRider Cloud, as HTML."""

import json
from collections.abc import Mapping, Sequence
from html import escape

from kept import METRICS, Report

LAYOUT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} · PipeRider Cloud</title>
<script src="/glasshouse/tracker.js" data-version="1.0.0"
 referrerpolicy="no-referrer" defer></script>
<script src="/glasshouse/banner.js" referrerpolicy="no-referrer" defer></script>
<script src="/site.js" defer></script>
</head>
<body>
<header>{header}</header>
<main><h1>{title}</h1>{body}</main>
<footer>{said}
<a href="https://www.piperider.io/privacy-policy">Privacy Policy</a>
<a href="https://www.piperider.io/terms-of-use">Terms of Use</a>
<button type="button" data-glasshouse-consent>Cookies</button></footer>
</body>
</html>
"""
HEADER = """<nav aria-label="Pages"><a href="/">Reports</a> <a href="/compare">Compare</a>
<a href="/trend">Trend</a> <a href="/profile">Profile</a> <a href="/feedback">Feedback</a></nav>
<form method="post" action="/logout"><button>Log out</button></form>"""
LOGIN = """<form method="post" action="/login"><label>Name <input name="name" required
 autocomplete="username"></label>
<label>Password <input name="password" type="password" required
 autocomplete="current-password"></label>
<button>Log in</button></form>"""
UPLOAD = """<form method="post" action="/reports"><label>Title <input name="title"></label>
<label>run.json <textarea name="run" required></textarea></label><button>Upload</button></form>"""
FEEDBACK = """<form method="post" action="/feedback">
<label>What should be better? <textarea name="text" required></textarea></label>
<button>Submit feedback</button></form>"""


def page(title: str, body: str, said: Sequence[Mapping[str, str]], *, inside: bool) -> str:
    """`said` is what has been done since the last page; `inside`: somebody is logged in."""
    spans = "".join(f'<span hidden data-said="{escape(json.dumps(each))}"></span>' for each in said)
    header = HEADER if inside else ""
    return LAYOUT.format(title=escape(title), body=body, said=spans, header=header)


def overview(reports: Sequence[Report]) -> str:
    links = "".join(
        f'<li><a href="/reports/{each.number}">{escape(each.title)}</a> ({each.source})</li>'
        for each in reports
    )
    return f"<ul>{links}</ul>{UPLOAD}"


def figures(report: Report) -> str:
    rows = "".join(f"<tr><th>{name}<td>{number}</tr>" for name, number in report.figures.items())
    return f"<table>{rows}</table>"


def own_report(report: Report) -> str:
    if report.share:
        sharing = f'<p>Shared: <a href="/shared/{report.share}">public page</a></p>'
    else:
        action = f"/reports/{report.number}/share"
        sharing = f'<form method="post" action="{action}"><button>Share</button></form>'
    return figures(report) + sharing


def comparison(reports: Sequence[Report], base: Report | None, target: Report | None) -> str:
    options = "".join(f'<option value="{r.number}">{escape(r.title)}</option>' for r in reports)
    form = (
        f'<form><label>Base <select name="base">{options}</select></label>'
        f'<label>Target <select name="target">{options}</select></label><button>Compare</button>'
        "</form>"
    )
    if base is None or target is None:
        return form
    rows = "".join(
        f"<tr><th>{name}<td>{base.figures[name]}<td>{target.figures[name]}</tr>" for name in METRICS
    )
    return f"{form}<table>{rows}</table>"


def trend(reports: Sequence[Report], metric: str | None) -> str:
    options = "".join(f"<option>{name}</option>" for name in METRICS)
    select = f'<select name="metric">{options}</select>'
    form = f"<form><label>Metric {select}</label><button>Show</button></form>"
    if metric is None:
        return form
    points = "".join(f"<li>{escape(r.title)}: {r.figures[metric]}</li>" for r in reports)
    return f"{form}<ol>{points}</ol>"


def profile(shown_name: str) -> str:
    value = escape(shown_name)
    return (
        '<form method="post" action="/profile"><label>Shown name '
        f'<input name="shown" value="{value}"></label><button>Update profile</button></form>'
    )
