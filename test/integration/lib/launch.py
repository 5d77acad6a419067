# SPDX-License-Identifier: GPL-2.0-or-later
"""launch.py NUMBER:NAME... -- PROGRAM...: becomes the program, with these descriptors passed as systemd passes them
(sd_listen_fds(3)): from 3 on, with LISTEN_PID its own."""

import fcntl
import os
import sys

split = sys.argv.index("--")
handed = [word.partition(":")[::2] for word in sys.argv[1:split]]
copies = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 500) for number, _ in handed]
for number, _ in handed:
    os.close(int(number))
for target, copy in enumerate(copies, 3):
    os.dup2(copy, target)
    os.close(copy)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(handed)),
                  LISTEN_FDNAMES=":".join(name for _, name in handed))
os.execv(sys.argv[split + 1], sys.argv[split + 1:])
