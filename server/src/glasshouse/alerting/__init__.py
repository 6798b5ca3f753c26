"""Telling people when an answer shows what it did not show before: by mail, or to a program."""
