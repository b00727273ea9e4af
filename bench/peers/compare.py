#!/usr/bin/env python3
"""Compares programs on problems 1 and 2: patients per second on one core, with the error beside it.

    python3 -m venv peers && peers/bin/pip install -r bench/peers/requirements.txt
    peers/bin/python bench/peers/compare.py              # prints a table
    peers/bin/python bench/peers/compare.py --keep       # and appends it to bench/history.csv

Use an idle machine. All programs solve the same 20 patients over and over, at relative tolerance 1e-6 and
absolute 1e-9, with 78 output times in a year; the error is that of the tests (see equations.py). Time is that of
the processor. CVODE is measured where its headers are (Debian: libsundials-dev), diffsol where cargo is. Programs
without events leave out the event of problem 2; their error is that of the patients whose event never happens.
"""

import argparse
import contextlib
import datetime
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import equations
from equations import DOSES, EVENT, ROOT, Problem

RTOL, ATOL = 1e-6, 1e-9


@contextlib.contextmanager
def silence():
    """Integrators in C and Fortran write warnings straight to the terminal."""
    sys.stdout.flush()
    kept = [os.dup(1), os.dup(2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1), os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept[0], 1), os.dup2(kept[1], 2)
        for file in [nothing, *kept]:
            os.close(file)


def stretches(problem):
    """Output times between doses: start, end, times within, and what is dosed at the start."""
    edges = [0.0] + [day for day in problem.dose_times] + [problem.times[-1]]
    parts = []
    for i, (begin, end) in enumerate(zip(edges, edges[1:])):
        inside = [t for t in problem.times if (begin < t or i == 0 and t == begin) and t <= end]
        parts.append((begin, end, inside, problem.dosed()[i - 1] if i > 0 else None))
    return parts


def timed(problem, seconds, solve, fair=lambda patient: True, most=20):
    """Solves patients over and over until so many seconds are spent; rate, and errors of a round."""
    rows = [solve(patient) for patient in range(min(most, len(problem.values)))]
    errors = [problem.error(patient, rows[patient]) for patient in range(len(rows)) if fair(patient)]
    count, begin = 0, time.process_time()
    while time.process_time() - begin < seconds:
        solve(count % len(rows))
        count += 1
    rate = count / (time.process_time() - begin)
    return rate, errors


def with_scipy(problem, seconds):
    import numpy
    from scipy.integrate import solve_ivp

    space = {"exp": numpy.exp, "pow": pow}
    exec(equations.python(problem), space)
    event = EVENT.get(problem.name)
    watched = problem.states.index(event[0]) if event else 0

    def solve(patient):
        p, y = problem.values[patient], list(problem.starts[patient])
        d = [0.0] * len(y)
        def rates(t, y):
            space["rates"](t, y, d, p)
            return list(d)
        def through(t, y):
            return y[watched] - event[1]
        through.terminal, through.direction = True, 1
        rows, given = [], not event
        for begin, end, inside, dosed in stretches(problem):
            if dosed is not None:
                y[dosed] += problem.doses[patient]
            at = begin
            while True:
                wanted = [t for t in inside if t > at or t == at == 0.0]
                got = solve_ivp(rates, (at, end), y, "LSODA", t_eval=wanted + ([end] if end not in wanted else []),
                                events=None if given else through, rtol=RTOL, atol=ATOL)
                if len(got.t):
                    rows += [list(row) for t, row in zip(got.t, got.y.T) if t in wanted]
                if got.status == 1:
                    at, y, given = got.t_events[0][0], list(got.y_events[0][0]), True
                    y[problem.states.index(event[2])] += event[3]
                    continue
                y = list(got.y[:, -1])
                break
        return rows
    return timed(problem, seconds, solve, most=2)


def with_numbalsoda(problem, seconds, method):
    import math
    import numba
    import numpy
    from numbalsoda import dop853, lsoda, lsoda_sig

    n, m = len(problem.states), len(problem.parameters)
    space = {"exp": math.exp}
    exec(equations.python(problem), space)
    body = numba.njit(space["rates"])

    @numba.cfunc(lsoda_sig)
    def rates(t, y, d, p):
        body(t, numba.carray(y, (n,)), numba.carray(d, (n,)), numba.carray(p, (m,)))

    address, step = rates.address, {"lsoda": lsoda, "dop853": dop853}[method]
    values = [numpy.array(row) for row in problem.values]

    def solve(patient):
        y, rows = numpy.array(problem.starts[patient]), []
        for begin, end, inside, dosed in stretches(problem):
            if dosed is not None:
                y[dosed] += problem.doses[patient]
            grid = numpy.array(([] if inside and inside[0] == begin else [begin]) + inside)
            got, fine = step(address, y, grid, data=values[patient], rtol=RTOL, atol=ATOL)
            if not fine:
                raise RuntimeError("it gives up")
            rows += [list(row) for t, row in zip(grid, got) if t in inside]
            y = got[-1].copy()
        return rows
    return timed(problem, seconds, solve, lambda patient: not problem.fires(patient))


def with_roadrunner(problem, seconds):
    import roadrunner

    runner = roadrunner.RoadRunner(str(ROOT / f"golden/solve/{problem.name}.sbml.xml"))
    runner.integrator.relative_tolerance = RTOL
    runner.integrator.absolute_tolerance = ATOL
    runner.integrator.maximum_num_steps = 1_000_000
    runner.timeCourseSelections = ["time"] + problem.states

    def solve(patient):
        runner.resetAll()
        runner.setValue("given", 0.0)
        runner.setValue("dose", problem.doses[patient])
        for name, value in zip(problem.parameters, problem.values[patient]):
            runner.setValue(name, value)
        for name, value in zip(problem.states, problem.starts[patient]):
            runner.setValue(name, value)
        got = runner.simulate(times=problem.times)
        return [list(row[1:]) for row in got]
    return timed(problem, seconds, solve)


def run_program(problem, command, seconds, fair=lambda patient: True):
    """A program that reads patients and prints `rate N`, then rows `patient value value ...` in order."""
    lines = [f"{len(problem.values)} {len(problem.states)} {len(problem.parameters)} {len(problem.times)}",
             " ".join(map(repr, problem.times)), f"{seconds}"]
    for patient, values in enumerate(problem.values):
        lines.append(" ".join(map(repr, [problem.doses[patient]] + problem.starts[patient] + values)))
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1][:200])
    first, *rest = done.stdout.splitlines()
    rows = {}
    for line in rest:
        patient, *values = line.split()
        rows.setdefault(int(patient), []).append([float(value) for value in values])
    errors = [problem.error(patient, rows[patient]) for patient in sorted(rows) if fair(patient)]
    return float(first.split()[1]), errors


def with_cvode(problem, seconds, folder):
    source = Path(__file__).with_name("cvode.c").read_text().replace("/* EQUATIONS */", equations.c(problem))
    event = EVENT.get(problem.name)
    facts = {"DOSE_TIMES": ", ".join(map(str, problem.dose_times)), "DOSED": str(problem.dosed()[0]),
             "WATCHED": str(problem.states.index(event[0]) if event else -1),
             "LEVEL": str(event[1] if event else 0.0),
             "GIVEN": str(problem.states.index(event[2]) if event else 0), "AMOUNT": str(event[3] if event else 0.0)}
    for name, value in facts.items():
        source = source.replace(f"/* {name} */", value)
    path = Path(folder, f"cvode_{problem.name}")
    path.with_suffix(".c").write_text(source)
    libraries = ["cvode", "nvecserial", "sunmatrixdense", "sunlinsoldense"]
    subprocess.run(["cc", "-O3", "-march=native", str(path.with_suffix(".c")), "-o", str(path),
                    *[f"-lsundials_{name}" for name in libraries], "-lm"], check=True, capture_output=True)
    return run_program(problem, [str(path)], seconds)


def with_diffsol(problem, seconds, folder, method):
    project = Path(__file__).with_name("diffsol")
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=project, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", project / "target"))
    text = Path(folder, f"{problem.name}.diffsl")
    text.write_text(equations.diffsl(problem))
    days = ",".join(map(str, problem.dose_times))
    command = [str(target / "release/peer-diffsol"), method, str(text), days, str(problem.dosed()[0])]
    return run_program(problem, command, seconds, lambda patient: not problem.fires(patient))


def with_cytotrial(problem, method):
    """The measurement of the solver's own example, on the same patients."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "--package", "cytotrial-solve", "--example", "rates"],
                   cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    title = f"{problem.name} {method}"
    got = subprocess.run([str(target / "release/examples/rates"), title], capture_output=True, text=True, check=True)
    line = next((line for line in got.stdout.splitlines() if line.startswith(title + ":")), None)
    if line is None:
        raise RuntimeError("not measured: explicit steps are too small for this problem")
    rate = float(re.search(r"([\d.e+]+) patients/s", line)[1])
    errors = re.search(r"errors ([\d.e+-]+) ([\d.e+-]+)", line)
    # It prints the median and the largest: a list with that median and that largest value.
    return rate, [float(errors[1]), float(errors[1]), float(errors[2])]


def keep(results):
    """Appends to bench/history.csv, as bench/run does."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT).returncode:
        commit += "+"
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    machine = f"{os.uname().machine}, {os.cpu_count()} cores, {model.replace(',', '').replace(chr(34), '')}"
    with open(ROOT / "bench/history.csv", "a") as history:
        for tool, name, rate, middle, worst, note in results:
            history.write(f'{datetime.date.today()},{commit},"{machine}","peers: {tool} on {name}'
                          f'{" " + note if note else ""}",,{rate:.0f} patients/s; errors {middle:.1e} {worst:.1e}\n')


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seconds", type=float, default=3.0, help="seconds of the processor per program and problem")
    asked.add_argument("--only", help="names of programs, comma-separated")
    asked.add_argument("--keep", action="store_true", help="append to bench/history.csv")
    asked = asked.parse_args()
    folder = tempfile.mkdtemp()
    seconds = asked.seconds
    tools = {
        "cytotrial automatic": lambda problem: with_cytotrial(problem, "Automatic"),
        "cytotrial stiff": lambda problem: with_cytotrial(problem, "Stiff"),
        "cytotrial high-order": lambda problem: with_cytotrial(problem, "HighOrder"),
        "numbalsoda LSODA": lambda problem: with_numbalsoda(problem, seconds, "lsoda"),
        "numbalsoda DOP853": lambda problem: with_numbalsoda(problem, seconds, "dop853"),
        "CVODE BDF": lambda problem: with_cvode(problem, seconds, folder),
        "libroadrunner": lambda problem: with_roadrunner(problem, seconds),
        "scipy LSODA": lambda problem: with_scipy(problem, seconds),
        "diffsol BDF": lambda problem: with_diffsol(problem, seconds, folder, "bdf"),
        "diffsol Tsit45": lambda problem: with_diffsol(problem, seconds, folder, "tsit45"),
    }
    eventless = ("numbalsoda", "diffsol")
    results = []
    print(f"{'program':20} {'problem':8} {'patients/s':>11} {'median error':>13} {'largest':>9}")
    for tool, measure in tools.items():
        if asked.only and not any(part.strip().lower() in tool.lower() for part in asked.only.split(",")):
            continue
        for problem in map(Problem, ("p1", "p2")):
            try:
                with silence():
                    rate, errors = measure(problem)
            except Exception as why:
                print(f"{tool:20} {problem.name:8} {'-':>11}  {type(why).__name__}: {str(why)[:90]}")
                continue
            note = "without its event" if problem.name in EVENT and tool.startswith(eventless) else ""
            middle, worst = statistics.median(errors), max(errors)
            results.append((tool, problem.name, rate, middle, worst, note))
            print(f"{tool:20} {problem.name:8} {rate:11.0f} {middle:13.1e} {worst:9.1e}  {note}", flush=True)
    shutil.rmtree(folder)
    if asked.keep:
        keep(results)


if __name__ == "__main__":
    main()
