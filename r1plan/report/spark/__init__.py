"""The same SQL on a Spark cluster, for logs that outgrow one machine."""
