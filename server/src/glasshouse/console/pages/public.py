"""`/public/{slug}` and `/public/{slug}/data.json`: what a vendor shows to everybody.

Without an account, without a cookie, and the same for all: made once an hour at most, so that a
crowd costs what one reader costs.
"""

import hashlib
import json
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from glasshouse.catalogue import ProductSettings
from glasshouse.console.pages.message import message
from glasshouse.console.templating import page
from glasshouse.console.words import say
from glasshouse.insight import Insight, QuestionError
from glasshouse.insight.answer import Answer
from glasshouse.insight.exporting import answer_object

KEPT = timedelta(hours=1)
CACHED = f"public, max-age={int(KEPT.total_seconds())}"


@dataclass(frozen=True, slots=True)
class Made:
    """Both forms of a product's page, until when, and of which settings."""

    html: bytes
    document: bytes
    until: datetime
    settings: ProductSettings
    digest: str


class PublicPages:
    """Of every product that publishes something; of the others nobody hears that they exist."""

    def __init__(self, insight: Insight) -> None:
        self._insight = insight
        self._made: dict[str, Made] = {}
        self._making = threading.Lock()  # one at a time: who waits gets what was made meanwhile

    def html(self, request: Request) -> Response:
        return self._answer(request, "text/html; charset=utf-8")

    def document(self, request: Request) -> Response:
        return self._answer(request, "application/json")

    def _answer(self, request: Request, kind: str) -> Response:
        made = self._current(request.path_params["slug"])
        if made is None:
            return message(404, say("message.no_page"), say("message.not_published"))
        tag = f'"{made.digest}"'
        headers = {"cache-control": CACHED, "etag": tag}
        if kind == "application/json":
            # Other sites may show these numbers: they are everybody's.
            headers |= {
                "access-control-allow-origin": "*",
                "cross-origin-resource-policy": "cross-origin",
            }
        if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
            return Response(status_code=304, headers=headers)
        body = made.html if kind.startswith("text/") else made.document
        return Response(body, media_type=kind, headers=headers)

    def _current(self, slug: str) -> Made | None:
        try:
            settings = self._insight.product(slug).settings
        except QuestionError:
            return None
        if not settings.publish:
            return None
        with self._making:
            known = self._made.get(slug)
            if known is None or known.settings != settings or known.until < self._insight.now():
                known = self._made[slug] = self._make(slug, settings)
        return known

    def _make(self, slug: str, settings: ProductSettings) -> Made:
        now = self._insight.now()
        product, answers = self._insight.product(slug), self._answers(slug)
        facts = product.manifest.product
        document = {
            "product": slug,
            "name": facts.name,
            "vendor": facts.vendor,
            "smallest_group": max(settings.publish_group, settings.smallest_group),
            "made_at": now.isoformat(timespec="seconds"),
            "answers": [answer_object(answer) for answer in answers],
        }
        body = json.dumps(document).encode()
        html = bytes(page("public", product=product, answers=answers, made_at=now).body)
        digest = hashlib.sha256(html).hexdigest()[:24]
        return Made(html, body, now + KEPT, settings, digest)

    def _answers(self, slug: str) -> list[Answer]:
        """Without what a newer manifest has made unanswerable."""
        try:
            return list(self._insight.published(slug))
        except QuestionError:
            return []
