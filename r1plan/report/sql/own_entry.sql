-- The rows of our own logs, each request once, with what others have and none of ours: it is not stored with each.
SELECT * EXCLUDE (place/*NOT_STORED*/), /*ROWID*/ /*ABSENT*/
FROM own_row
