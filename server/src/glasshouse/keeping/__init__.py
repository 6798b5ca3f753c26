"""What is kept, how long, and how it goes: erasure, retention, export, backup, restore, checks."""
