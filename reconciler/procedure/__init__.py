"""What has to happen in several places in an order. Derived from what is seen: nothing is stored.

    keyring.py   all keys of one owner: declared, registered, mounted, running
    step.py      what comes next for one of them, and what it waits for

Pure: values in, values out.
"""
