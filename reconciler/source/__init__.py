"""Where desired state comes from: folders, Git, YAML text. Model values or findings come out."""
