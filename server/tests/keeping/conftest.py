"""The tests of keeping use the product and the records of the loader's tests."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "loading")]
