"""What the client costs its host, beside segment-analytics-python in the same run."""
