"""`r1plan cost-report` behind its options: what a report needs is gathered, and it is shown."""
