"""Reference data in the database: drafted, rehearsed, published with a notice, never changed afterwards."""
