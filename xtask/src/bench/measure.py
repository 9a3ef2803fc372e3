"""Runs programs in turn and reports what one run of each costs; the order comes as JSON on standard input.

Each program is started by a shell that leaves it at once, so that it becomes a child of this process by adoption.
Started directly, it would inherit this interpreter's own peak memory as its floor, several times what a small program needs.
"""
import ctypes
import json
import os
import statistics
import sys

PR_SET_CHILD_SUBREAPER = 36
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit("this kernel has no child subreaper")

order = json.load(sys.stdin)
os.chdir(order["folder"])
# Nothing of the caller's environment: a COMPOSE_FILE set in somebody's shell would change what is measured.
environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
shell = "/bin/sh"
quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


def once(program, actions):
    call = program["call"]
    starter = os.posix_spawn(shell, [shell, "-c", '"$@" &', "sh"] + call, environment, file_actions=actions)
    usage = None
    for _ in range(2):
        try:
            pid, status, found = os.wait4(-1, 0)
        except ChildProcessError:
            return once(program, actions)  # the shell was slow and reaped the program itself: nothing to read, run again
        if pid != starter:
            usage, ended = found, os.waitstatus_to_exitcode(status)
    if ended not in program["accepts"]:
        sys.exit("%s ended with %d" % (" ".join(call), ended))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


# Warnings of the measured programs are no news after the first run.
silent = quiet + [(os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
for program in order["programs"]:
    once(program, quiet)  # fills the page cache, and shows on standard error why a program fails
    program["means"], program["peak_kb"] = [], 0
for _ in range(order["rounds"]):
    for program in order["programs"]:
        seconds = []
        for _ in range(program["runs"]):
            cpu, peak = once(program, silent)
            seconds.append(cpu)
            program["peak_kb"] = max(program["peak_kb"], peak)
        program["means"].append(statistics.mean(seconds))
json.dump([{"cpu_seconds": statistics.median(p["means"]), "peak_kb": p["peak_kb"]} for p in order["programs"]], sys.stdout)
