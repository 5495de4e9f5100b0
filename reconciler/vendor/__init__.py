"""Names, defaults and formats of the products that are driven, as tables. Pure."""
