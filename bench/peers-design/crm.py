#!/usr/bin/env python3
"""The CRM against the Python package clintrials: seconds per trial of 36 patients, and the same decisions.

    python3 -m venv peers && peers/bin/pip install -r bench/peers-design/requirements.txt
    peers/bin/python bench/peers-design/crm.py [PROGRAM] [TRIALS]

Power model, normal prior with variance 1.34, plug-in estimate, cohorts of three, six doses. One thread each;
the time is that of the processor. Decisions are compared at counts that trials reach; the recommended dose of
`cytotrial design select` is the one without the rules for moving up, as in the package.
"""

import collections
import collections.abc
import json
import os
import random
import resource
import subprocess
import sys
import time

collections.Iterable = collections.abc.Iterable  # what the package still asks for
import numpy  # noqa: E402
from clintrials.dosefinding.crm import CRM  # noqa: E402

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "cytotrial"
TRIALS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
SKELETON = [0.04, 0.10, 0.20, 0.30, 0.42, 0.55]
TRUTH = [0.04, 0.15, 0.30, 0.48, 0.60, 0.70]
TARGET, PATIENTS, COHORT = 0.30, 36, 3


def package():
    """The design of the package."""
    return CRM(SKELETON, TARGET, 1, PATIENTS, estimate_var=False, avoid_skipping_untried_escalation=True)


def ours(*arguments):
    """An answer of the program, and the seconds that its process ran."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run(
        [PROGRAM, "design", *map(str, arguments), "--format", "json"],
        check=True, capture_output=True, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"},
    ).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(text), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def settings():
    skeleton = ",".join(map(str, SKELETON))
    return ["crm", "--target", TARGET, "--skeleton", skeleton]


def decisions(number):
    """How many of some recommendations are the same, and the largest difference of estimated rates."""
    chance, same, apart = random.Random(7), 0, 0.0
    for _ in range(number):
        top = chance.randrange(len(SKELETON))
        counts = [(3, sum(chance.random() < rate for _ in range(3))) for rate in TRUTH[: top + 1]]
        trial = package()
        cases = [(dose + 1, int(patient < dlts)) for dose, (size, dlts) in enumerate(counts) for patient in range(size)]
        trial.update(cases)
        estimates = numpy.array(trial.prob_tox())
        nearest = 1 + int(numpy.argmin(abs(estimates - TARGET)))
        text = ",".join(f"{dlts}/{size}" for size, dlts in counts) + ",0/0" * (len(SKELETON) - top - 1)
        answer, _ = ours("select", *settings(), "--set", "recommend-untried=true", "--counts", text)
        same += answer["recommended"] == nearest
        rates = [level["estimate"] for level in answer["levels"]]
        apart = max(apart, *(abs(rate - other) for rate, other in zip(rates, estimates) if rate is not None))
    return same, apart


def simulated(trials):
    """Seconds per trial of the package, and how often it ends at each dose."""
    chance, ends = numpy.random.default_rng(1), [0] * len(SKELETON)
    begin = time.process_time()
    for _ in range(trials):
        trial, dose = package(), 1
        for _ in range(PATIENTS // COHORT):
            dose = trial.update([(dose, int(chance.random() < TRUTH[dose - 1])) for _ in range(COHORT)])
        ends[dose - 1] += 1
    return (time.process_time() - begin) / trials, ends


def main():
    same, apart = decisions(40)
    print(f"decisions: {same} of 40 are the same; estimated rates differ by {apart:.1e} at most")
    theirs, ends = simulated(TRIALS)
    truth = ["--toxicity", ",".join(map(str, TRUTH)), "--max-patients", PATIENTS, "--cohort", COHORT]
    _, few = ours("simulate", *settings(), *truth, "--trials", 1)
    answer, many = ours("simulate", *settings(), *truth, "--trials", 20_001)
    own = (many - few) / 20_000
    shares = answer["rows"][0]["characteristics"]["selected"]
    print(f"clintrials: {theirs:.4f} s per trial of {PATIENTS}, ends {ends} of {TRIALS}")
    print(f"cytotrial:  {own:.2e} s per trial, selected {[round(share, 3) for share in shares]}")
    print(f"ratio: {theirs / own:,.0f}")


if __name__ == "__main__":
    main()
