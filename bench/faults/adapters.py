"""The clients that are run through the faults. To add one, write one `Adapter`.

Each of its texts is Python. `{endpoint}` is the far end's address, `{state}` a directory for the
client's own files. `record` is the body of a function of `mark`, a text that must come out at the
far end; `flush` is what a careful product would call before it ends.
"""

from dataclasses import dataclass

from bench.peers import SDK


@dataclass(frozen=True, slots=True)
class Adapter:
    """One client: what to install, and how it is set up, given an item, and asked to finish."""

    name: str
    requires: tuple[str, ...]
    set_up: str
    record: str
    flush: str = "pass"


MANIFEST = """
[product]
slug = "faults"
name = "Faults"
vendor = "Bench"
since = "1"
send = "detached"
contact = "privacy@example.com"
[purpose.use]
text = "Measure."
[identity.instance]
made = "random"
lives = "as long as the run"
[[switch]]
kind = "environment"
name = "FAULTS_TELEMETRY"
off = "0"
[event.done]
purpose = "use"
[event.done.fields]
mark = { type = "text", anonymise = "public-list", public = ["mark-*"], why = "w" }
command = { type = "enum", values = ["run"], why = "w" }
seconds = { type = "duration", why = "w" }
"""

BARE = Adapter("no client", (), "", "pass")

GLASSHOUSE = Adapter(
    "glasshouse-sdk",
    (str(SDK),),
    """
from glasshouse_sdk import Telemetry
telemetry = Telemetry({manifest!r}, version="1.0", key="key", endpoint={endpoint!r})
""",
    'telemetry.record("done", mark=mark, command="run", seconds=1.5)',
    "telemetry.send(15)",
)

SEGMENT = Adapter(
    "segment-analytics",
    ("segment-analytics-python",),
    """
import segment.analytics as analytics
analytics.write_key = "key"
analytics.host = {endpoint!r}
""",
    'analytics.track("u", "done", {{"mark": mark, "command": "run", "seconds": 1.5}})',
    "analytics.flush()",
)

POSTHOG = Adapter(
    "posthog",
    ("posthog",),
    """
from posthog import Posthog
client = Posthog("key", host={endpoint!r})
""",
    'client.capture("done", distinct_id="u", '
    'properties={{"mark": mark, "command": "run", "seconds": 1.5}})',
    "client.flush()",
)

OPENTELEMETRY = Adapter(
    "opentelemetry-sdk",
    ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
    """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
provider = TracerProvider()
exporter = OTLPSpanExporter(endpoint={endpoint!r} + "/v1/traces")
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("bench")
""",
    'tracer.start_span("done", attributes={{"mark": mark, "command": "run"}}).end()',
    "provider.force_flush()",
)

GLEAN = Adapter(
    "glean-sdk",
    ("glean-sdk",),
    """
import os
from pathlib import Path
from glean import Configuration, Glean, load_metrics, load_pings
place = Path({state!r})
place.mkdir(parents=True, exist_ok=True)
common = dict(bugs=["https://example.com"], data_reviews=["https://example.com"],
              notification_emails=["a@example.com"])
import json
(place / "pings.yaml").write_text(json.dumps({{
    "$schema": "moz://mozilla.org/schemas/glean/pings/2-0-0",
    "bench": dict(common, description="d", include_client_id=True)}}))
(place / "metrics.yaml").write_text(json.dumps({{
    "$schema": "moz://mozilla.org/schemas/glean/metrics/2-0-0",
    "bench": {{"done": dict(common, type="event", description="d", expires="never",
        send_in_pings=["bench"], data_sensitivity=["technical"],
        extra_keys={{"mark": {{"description": "d", "type": "string"}}}})}}}}))
pings = load_pings(place / "pings.yaml")
metrics = load_metrics(place / "metrics.yaml")
Glean.initialize(application_id="bench", application_version="1", upload_enabled=True,
                 data_dir=place / "data", configuration=Configuration(server_endpoint={endpoint!r}))
""",
    "metrics.bench.done.record(metrics.bench.DoneExtra(mark=mark))",
    "pings.bench.submit()",
)

ADAPTERS = {a.name: a for a in (BARE, GLASSHOUSE, SEGMENT, POSTHOG, OPENTELEMETRY, GLEAN)}
