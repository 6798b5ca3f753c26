"""`python -m glasshouse_sdk` is `glasshouse-sdk`."""

import sys

from glasshouse_sdk.cli import main

sys.exit(main())
