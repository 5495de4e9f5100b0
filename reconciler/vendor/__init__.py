"""Names, defaults and formats of the managed products, as tables. Pure."""
