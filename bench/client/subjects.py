"""What is measured: how each client is imported, set up, and given one event of ten fields."""

from dataclasses import dataclass

from bench.peers import SDK

FIELDS = (
    "command='run', seconds=1.5, count=12, ratio=0.25, dry=True, runtime='3.12.1',"
    " project='acme/web', os='Debian GNU/Linux 12', size=2048, exit_code=0"
)
MANIFEST = """
[product]
slug = "bench"
name = "Bench"
vendor = "Bench"
since = "1"
send = "agent"
contact = "privacy@example.com"
[purpose.use]
text = "Measure."
[identity.instance]
made = "random"
lives = "as long as the run"
[[switch]]
kind = "environment"
name = "BENCH_TELEMETRY"
off = "0"
[event.done]
purpose = "use"
[event.done.fields]
command = { type = "enum", values = ["run", "build"], why = "w" }
seconds = { type = "duration", why = "w" }
count = { type = "integer", why = "w" }
ratio = { type = "number", why = "w" }
dry = { type = "boolean", why = "w" }
runtime = { type = "version", why = "w" }
project = { type = "text", anonymise = "keyed-hash", why = "w" }
os = { type = "text", anonymise = "public-list", public = ["Debian GNU/Linux *"], why = "w" }
size = { type = "integer", anonymise = "bucket", buckets = [0, 1024, 4096], why = "w" }
exit_code = { type = "integer", why = "w" }
note = { type = "text", anonymise = "public-list", public = ["built with *"], why = "w" }
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """Lines of Python; `{directory}` holds bench.json, `{place}` is for this run's own files."""

    name: str
    requires: tuple[str, ...]
    load: str
    set_up: str
    record: str


BARE = Subject("bare", (), "pass", "pass", "pass")
GLASSHOUSE = Subject(
    "glasshouse-sdk",
    (str(SDK),),
    "from glasshouse_sdk import Telemetry",
    "t = Telemetry('{directory}/bench.json', state='{place}', environment={{}}, strict=True)",
    f"t.record('done', {FIELDS})",
)
# One text more that is sent as it is, and so must pass the detector; another one each time.
TEXT = "note=f'built with worker {next(number)} on the second try'"
GLASSHOUSE_TEXT = Subject(
    "and a free text",
    GLASSHOUSE.requires,
    GLASSHOUSE.load,
    "import itertools; number = itertools.count();" + GLASSHOUSE.set_up,
    f"t.record('done', {FIELDS}, {TEXT})",
)
# The peers' queues are widened and nothing is sent, so that only the calling thread is measured.
SEGMENT = Subject(
    "segment-analytics",
    ("segment-analytics-python",),
    "from segment.analytics.client import Client",
    "t = Client('key', max_queue_size=10**6, send=False)",
    f"t.track('u1', 'done', dict({FIELDS}))",
)
POSTHOG = Subject(
    "posthog",
    ("posthog",),
    "from posthog import Posthog",
    "t = Posthog('key', host='http://127.0.0.1:9', max_queue_size=10**6, send=False)",
    f"t.capture('done', distinct_id='u1', properties=dict({FIELDS}))",
)
OPENTELEMETRY = Subject(
    "opentelemetry-sdk",
    ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
    "from opentelemetry.sdk.trace import TracerProvider;"
    "from opentelemetry.sdk.trace.export import BatchSpanProcessor;"
    "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter",
    "p = TracerProvider();"
    "e = OTLPSpanExporter(endpoint='http://127.0.0.1:9/v1/traces');"
    "p.add_span_processor(BatchSpanProcessor(e, max_queue_size=10**6,"
    " schedule_delay_millis=10**7, max_export_batch_size=10**6));"
    "t = p.get_tracer('bench')",
    f"t.start_span('done', attributes=dict({FIELDS})).end()",
)
GLEAN = Subject(
    "glean-sdk",
    ("glean-sdk",),
    "from glean import Configuration, Glean, load_metrics, load_pings",
    """
import json
from pathlib import Path
place = Path('{place}')
place.mkdir(parents=True)
common = dict(bugs=['https://example.com'], data_reviews=['https://example.com'],
              notification_emails=['a@example.com'])
(place / 'pings.yaml').write_text(json.dumps({{
    '$schema': 'moz://mozilla.org/schemas/glean/pings/2-0-0',
    'bench': dict(common, description='d', include_client_id=True)}}))
kinds = dict(command='string', seconds='string', count='quantity', ratio='string', dry='boolean',
             runtime='string', project='string', os='string', size='quantity', exit_code='quantity')
(place / 'metrics.yaml').write_text(json.dumps({{
    '$schema': 'moz://mozilla.org/schemas/glean/metrics/2-0-0',
    'bench': {{'done': dict(common, type='event', description='d', expires='never',
        send_in_pings=['bench'], data_sensitivity=['technical'],
        extra_keys={{k: dict(description='d', type=v) for k, v in kinds.items()}})}}}}))
load_pings(place / 'pings.yaml')
metrics = load_metrics(place / 'metrics.yaml')
Glean.initialize(application_id='bench', application_version='1', upload_enabled=True,
                 data_dir=place / 'data',
                 configuration=Configuration(server_endpoint='http://127.0.0.1:9'))
done, Extra = metrics.bench.done, metrics.bench.DoneExtra
""",
    # its extras know no fractions
    "done.record(Extra(" + FIELDS.replace("1.5", "'1.5'").replace("0.25", "'0.25'") + "))",
)
PEERS = (SEGMENT, POSTHOG, OPENTELEMETRY, GLEAN)
