"""Benchmarks: each a module that prints its figures, beside what they are compared with."""
