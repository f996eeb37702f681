"""A command of one's own beside the peers (--ours). README.md says what it has to print."""
import json
import os
import re
import shlex
import subprocess
import time

import machine


class Ours:
    def __init__(self, options, threads, cores, seconds, base):
        self.row = dict(peer="ours", threads=threads, version="", slices=[], mins=[])
        self.threads, self.cores, self.nice, self.output = threads, cores, options.nice, base + "-ours.y.bin"
        values = {"model": options.model, "so": options.so or "", "threads": str(threads), "seconds": "%g" % seconds,
                  "input": base + ".x.bin", "output": self.output}
        self.command = [re.sub(r"\{(\w+)\}", lambda m: values.get(m.group(1), m.group(0)), word)
                        for word in shlex.split(options.ours)]

    def _pin(self):
        os.sched_setaffinity(0, self.cores)
        machine.set_priority(self.nice)

    def _measure(self):
        environment = dict(os.environ, OMP_NUM_THREADS=str(self.threads), HL_NUM_THREADS=str(self.threads))
        start = time.monotonic()
        try:
            process = subprocess.run(self.command, capture_output=True, text=True, env=environment, timeout=300,
                                     start_new_session=True, preexec_fn=self._pin)
            if process.returncode:
                return {"error": f"exit status {process.returncode}: {process.stderr.strip()[-300:]}"}
            answer = json.loads(process.stdout.strip().splitlines()[-1])
            return {"p50_ms": answer["p50_ms"], "min_ms": answer["min_ms"], **answer, "wall_s": time.monotonic() - start}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def run(self, error_of):
        """One slice; error_of(output) is the largest error."""
        import numpy as np
        answer = self._measure()
        if "error" in answer:
            self.row["error"] = answer["error"]
            return
        self.row["slices"].append(([answer["p50_ms"]], 0.))
        self.row["mins"].append(answer["min_ms"])
        self.row.update({key: answer[key] for key in ("version", "load_s", "compile_s", "rss_mb", "ready_s") if key in answer})
        if os.path.exists(self.output):
            self.row["max_abs_err"] = error_of(np.fromfile(self.output, np.float32))
