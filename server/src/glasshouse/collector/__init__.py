"""The doors, the steps, and what they leave: see `steps.py` first."""
