"""What is wrong with clusters, installations and organizations, and what to do about it. Pure.

    check.py          one line of the result, and all of them by place
    sight.py          what was read: the input of everything else
    cluster.py        connection, clock, rights, kinds
    workload.py       pods, image, logs
    key.py            one key in its Secret, in the pods and in every organization
    organization.py   tokens and organizations
    pasted.py         output of commands that a person pasted
    by_hand.py        installations on other hosts: what to run there
    probe.py          a pod that tries whether the network lets an Agent connect

Rules judge what the files declare; this judges what runs. Both stand on `facts`.
"""
