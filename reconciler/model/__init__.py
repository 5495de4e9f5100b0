"""Domain model: frozen values shared by every other package.

Nothing here touches files, sockets, the environment, clocks or logs.
"""
