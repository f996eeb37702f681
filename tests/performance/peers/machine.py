"""The machine under the measurement: its FMA peak, how busy it is, priorities, a lock shared by measuring programs."""
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import time

PEAK_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peak.c")


def build_peak(folder):
    """The program that measures the peak, or None without a C compiler."""
    digest = hashlib.sha1(open(PEAK_SOURCE, "rb").read()).hexdigest()[:8]
    program = os.path.join(folder, "peak-" + digest)
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if os.path.exists(program):
        return program
    if not compiler or subprocess.run([compiler, "-O2", "-march=native", "-ffp-contract=fast", PEAK_SOURCE, "-o",
                                       program]).returncode:
        return None
    return program


def measure_peak(program, cores):
    """[fp32 GFLOP/s, int8 GOP/s where there is VNNI], summed over one pinned process per core."""
    if not program:
        return None
    processes = [subprocess.Popen([program], stdout=subprocess.PIPE, text=True,
                                  preexec_fn=lambda core=core: os.sched_setaffinity(0, [core])) for core in cores]
    return [sum(rates) for rates in zip(*([float(rate) for rate in p.communicate()[0].split()] for p in processes))]


def busy_seconds(cores):
    """CPU seconds that these cores spent on anything (other processes, interrupts, a busy host: steal)."""
    names, ticks = {"cpu%d" % core for core in cores}, 0
    for line in open("/proc/stat"):
        words = line.split()
        if words[0] in names:
            ticks += sum(map(int, words[1:4])) + sum(map(int, words[6:9]))
    return ticks / os.sysconf("SC_CLK_TCK")


def set_priority(nice):
    if nice:
        with contextlib.suppress(OSError):
            os.nice(nice)
            open("/proc/self/autogroup", "w").write(str(nice))  # Linux weighs whole sessions; ours is this process


def quiesce():
    """Waits until worker threads of this process have stopped spinning, at most a second."""
    for _ in range(50):
        before = time.process_time()
        time.sleep(.02)
        if time.process_time() - before < .002:
            return


class Lock:
    """Holds a file with flock while timing; without a path, nothing."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        if self.path:
            self.file = open(self.path, "a")
            fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *exception):
        if self.path:
            self.file.close()
