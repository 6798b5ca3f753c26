"""A thousand texts that would run a script, or fetch from elsewhere, if any page let them.

Each calls `hit(N)` or asks `http://foreign.example/N`, so that what gets through says which it was.
"""

from collections.abc import Iterator
from itertools import product
from random import Random

SCRIPTS = (
    "<script>hit({n})</script>",
    "<img src=x onerror=hit({n})>",
    "<svg onload=hit({n})>",
    "<svg><script>hit({n})</script></svg>",
    "<body onload=hit({n})>",
    "<iframe srcdoc='<script>parent.hit({n})</script>'></iframe>",
    "<iframe src=javascript:parent.hit({n})></iframe>",
    "<a href=javascript:hit({n}) autofocus onfocus=hit({n})>x</a>",
    "<input autofocus onfocus=hit({n})>",
    "<details open ontoggle=hit({n})>",
    "<style>@import 'http://foreign.example/{n}'</style>",
    "<link rel=stylesheet href=http://foreign.example/{n}>",
    "<img src=http://foreign.example/{n}>",
    "<meta http-equiv=refresh content='0;url=http://foreign.example/{n}'>",
    "<form action=http://foreign.example/{n}><button autofocus>",
    "<object data=http://foreign.example/{n}></object>",
    "<base href=http://foreign.example/{n}/>",
    "<template><img src=x onerror=hit({n})></template>",
    "<math><mtext><img src=x onerror=hit({n})></mtext></math>",
    "{{{{ cycler.__init__.__globals__ }}}}{{% raw %}}{n}",
    "{{{{7*7}}}}{n}",
    "${{hit({n})}}",
    "javascript:hit({n})",
    "data:text/html,<script>opener.hit({n})</script>",
    "//foreign.example/{n}",
)
ENDS = (
    "{}",
    '">{}',
    "'>{}",
    '" x="{}',
    "' onmouseover='hit(1)' x='{}",
    "</title>{}",
    "</script>{}",
    "</textarea>{}",
    "</select>{}",
    "</style>{}",
    "-->{}<!--",
    "]]>{}",
    "</svg>{}",
    "</table>{}",
    "\\u003c{}",
    "&lt;{}",
    "\u2028{}",
    "\u202e{}",
    "%3C{}%3E",
    "\x0b{}",
    "</h1></main>{}",
    "x=1&y={}",
    "a=b~c{}",
    "=cmd|' /C calc'!A0{}",
    "`{}`",
    "a, b {}",
    "../../{}",
    "..%2f{}",
    "?#{}",
    "</p>{}",
    "</code>{}",
    "</dd>{}",
    "</a>{}",
    "</li>{}",
    "é🦀{}",
    "<<{}",
    "</ {}",
    "<!--{}",
    "<![CDATA[{}]]>",
    "\\{}",
)


def payloads(count: int = 1000, seed: int = 3) -> Iterator[str]:
    """Different ones, in an order that mixes them; none longer than a declared text may be."""
    known = list(product(ENDS, SCRIPTS))
    Random(seed).shuffle(known)
    assert len(known) >= count
    for number, (end, script) in enumerate(known[:count]):
        yield end.format(script.format(n=number))
