"""Everything public that the project can use: fetched, checked, unpacked, made ready to use."""
