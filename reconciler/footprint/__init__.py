"""What an installation consists of: a document in, Kubernetes objects and files for other tools out."""
