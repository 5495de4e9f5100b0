"""What differs between desired and live. Pure: values in, values out."""
