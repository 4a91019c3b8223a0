"""What a reader of a report should know beside the sums: where money went that need not have gone."""
