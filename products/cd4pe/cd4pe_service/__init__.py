"""Continuous Delivery for PE, small: accounts, pipelines, integrations; and what leaves of it."""
