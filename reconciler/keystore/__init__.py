"""Key material. The only package that imports cryptography."""
