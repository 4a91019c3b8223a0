"""A report for other programs: Parquet, FOCUS charges, Prometheus metrics."""
