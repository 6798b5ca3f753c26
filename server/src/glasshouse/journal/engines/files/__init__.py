"""A journal in files: see `writing.py` for what it promises."""
