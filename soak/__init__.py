"""Long tests: what a short form of runs in `make test`, here runs for as long as it takes."""
