"""What is measured: how each client is imported, set up, and given one event of ten fields."""

from dataclasses import dataclass

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
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """Lines of Python; `{directory}` holds bench.json, `{place}` is for this run's own files."""

    name: str
    load: str
    set_up: str
    record: str


BARE = Subject("bare", "pass", "pass", "pass")
GLASSHOUSE = Subject(
    "glasshouse-sdk",
    "from glasshouse_sdk import Telemetry",
    "t = Telemetry('{directory}/bench.json', state='{place}', environment={{}}, strict=True)",
    f"t.record('done', {FIELDS})",
)
# Its queue is widened and nothing is sent, so that only the calling thread's work is measured.
SEGMENT = Subject(
    "segment-analytics-python",
    "from segment.analytics.client import Client",
    "t = Client('key', max_queue_size=10**6, send=False)",
    f"t.track('u1', 'done', dict({FIELDS}))",
)
