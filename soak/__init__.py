"""Programs that run for long, to find what short tests do not."""
