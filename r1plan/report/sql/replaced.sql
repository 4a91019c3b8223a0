-- The places of the rows that another one of the same id replaces.
CREATE TABLE replaced AS
SELECT place FROM own_row JOIN repeated ON own_row.id = repeated.id WHERE usable AND place <> last_place
