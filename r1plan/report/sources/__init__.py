"""What people point a report at: files, folders, archives and addresses, made readable and told apart by content."""
