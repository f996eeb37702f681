"""A peer in a process of its own, and the parent's hold of it.

The parent writes a case as a line of JSON; the child compiles (stage "compile") and ends, or loads the model (stage
"serve"), answers, and then times a slice for each further line. Every answer is a line of JSON; an error ends the child.
"""
import json
import os
import re
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
from types import SimpleNamespace

import machine

HERE = os.path.abspath(__file__)


def peak_resident_mb():
    return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read()).group(1)) / 1024


def compile_model(peer, case):
    start = time.monotonic()
    artifact = peer.compile(case)
    seconds = time.monotonic() - start
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return dict(artifact=artifact, compile_s=seconds, compile_cpu_s=sum(u.ru_utime + u.ru_stime for u in usage),
                compile_rss_mb=max(peak_resident_mb(), usage[1].ru_maxrss / 1024), version=peer.version(case))


def time_slice(run, case, request):
    """One sample is one inference: input in the peer's own tensor, output back in host memory."""
    now = time.perf_counter
    start = now()
    for _ in range(request["warm_n"]):
        run()
        if now() - start > request["warm_s"]:
            break
    samples, end = [], now() + request["seconds"]
    cpu, busy, start = time.process_time(), machine.busy_seconds(case.cores), now()
    while len(samples) < request["least"] or now() < end:
        before = now()
        run()
        samples.append((now() - before) * 1e3)
    wall, cpu = now() - start, time.process_time() - cpu
    busy = machine.busy_seconds(case.cores) - busy
    machine.quiesce()
    return dict(ms=samples, rss_mb=peak_resident_mb(), others=(busy - cpu) / wall / len(case.cores))


def serve(peer, case, say):
    import numpy as np
    peer.prepare()
    start = time.monotonic()
    run = peer.load(case)
    load = time.monotonic() - start
    output = np.array(run())
    done = time.monotonic()
    np.save(case.y, output.reshape(-1))
    say(version=peer.version(case), load_s=load, first_ms=(done - start - load) * 1e3, ready_s=done - case.t0,
        rss_mb=peak_resident_mb())
    for line in sys.stdin:
        say(**time_slice(run, case, json.loads(line)))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def say(**answer):
        print(json.dumps(answer), file=answers, flush=True)
    case = SimpleNamespace(**json.loads(sys.stdin.readline()))
    try:
        os.sched_setaffinity(0, case.cores)
        machine.set_priority(case.nice)
        import numpy as np
        from runtimes import PEERS
        case.x = np.load(case.x)
        peer = PEERS[case.peer]()
        if case.stage == "compile":
            say(**compile_model(peer, case))
        else:
            serve(peer, case, say)
    except BaseException as error:
        traceback.print_exc()
        say(error=f"{type(error).__name__}: {error}".strip())


class Child:
    """The parent's side."""

    def __init__(self, python, case, folder):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "KMP_", "GOMP_", "MKL_"))}
        threads = str(case["threads"])
        environment.update(OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads,
                           TVM_NUM_THREADS=threads, TVM_BIND_THREADS="0", HF_HUB_OFFLINE="1")
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([python, HERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=environment, cwd=folder, start_new_session=True)
        self._write(case)

    def _write(self, message):
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its end is found while reading

    def answer(self, timeout):
        """What it says next, or {"error": ...}."""
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            self.close()
            return {"error": "timeout after %d s" % timeout}
        line = self.process.stdout.readline()
        if not line:
            return {"error": f"process ended with {self.process.wait()}: {self.tail(400)}"}
        answer = json.loads(line)
        if "error" in answer:
            answer["stderr"] = self.tail(2000)
        return answer

    def ask(self, timeout, **request):
        self._write(request)
        return self.answer(timeout)

    def tail(self, size):
        self.errors.seek(0)
        return self.errors.read()[-size:]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


if __name__ == "__main__":
    main()
