"""The version of this build; the packages' build writes its own."""

VERSION = "8.0.12-4"
