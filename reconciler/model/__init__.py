"""What things are: frozen values that every other package speaks.

Nothing here touches a file, a socket, the environment, a clock or a log.
"""
