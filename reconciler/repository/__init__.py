"""The only Git: started, limited, cached and read here, for `source` and `inventory`."""
