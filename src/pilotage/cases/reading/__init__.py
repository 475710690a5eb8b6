"""Records out of files: CSV, JSONL and XLSX, one after the other, with the bytes on which each of them stands.

Knows neither contracts nor the database. `source.open_source` is the door; what comes out are blocks of `Record` and
`Broken` (see `values`). What is wrong with one record is a `Broken`, and the others go on; what is wrong with the file
as a whole is an error (see `errors`).
"""
