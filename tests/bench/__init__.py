"""What `make bench` measures: ratios within one run, never a time on its own, and never in the test suite."""
