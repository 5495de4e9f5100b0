"""What to do, and in what order. Pure: values in, values out."""
