"""What may be combined with what (compatibility rules 3): tables A to I as data, and where a target stands in them."""
