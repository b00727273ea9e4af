"""The equations of models/p1.ant and models/p2.ant as source text of other languages, read from those files."""

import csv
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOSES = {"p1": [(5.0, "D")], "p2": [(7.0, "Nc"), (14.0, "Nc")]}
# A patient's antibody is given when IL6 first rises through 100.
EVENT = {"p2": ("IL6", 100.0, "Tz", 10.0)}


class Problem:
    """States, rules and rates of a problem, its patients and their reference solution."""

    def __init__(self, name):
        self.name = name
        self.rules, self.rates = [], []
        for line in (ROOT / f"models/{name}.ant").read_text().splitlines():
            line = line.strip().rstrip(";")
            if match := re.fullmatch(r"(\w+)\s*:=\s*(.+)", line):
                self.rules.append(match.groups())
            elif match := re.fullmatch(r"(\w+)'\s*=\s*(.+)", line):
                self.rates.append(match.groups())
        self.states = [state for state, _ in self.rates]
        rows = table(f"{name}_patients.csv")
        columns = [column for column in rows[0] if column != "patient" and not column.endswith("_0")]
        self.parameters = [column for column in columns if column != "dose"]
        self.values = [[float(row[name]) for name in self.parameters] for row in rows]
        self.doses = [float(row["dose"]) for row in rows]
        self.starts = [[float(row[f"{state}_0"]) for state in self.states] for row in rows]
        reference = table(f"{name}_reference.csv")
        self.times = [float(row["time"]) for row in reference if row["patient"] == "0"]
        self.reference = [
            [[float(row[state]) for state in self.states] for row in reference if row["patient"] == str(i)]
            for i in range(len(rows))
        ]
        self.dose_times = [time for time, _ in DOSES[name]]

    def dosed(self):
        """Positions of the states that are dosed."""
        return [self.states.index(state) for _, state in DOSES[self.name]]

    def fires(self, patient):
        """Whether the patient's event happens."""
        if self.name not in EVENT:
            return False
        tz = self.states.index("Tz")
        return self.reference[patient][-1][tz] > 0.0 or any(row[tz] > 0.0 for row in self.reference[patient])

    def error(self, patient, rows):
        """The largest |y - ref| / (|ref| + 1e-3 max|ref| + 1e-9), dose days left out."""
        worst = 0.0
        reference = self.reference[patient]
        for state in range(len(self.states)):
            largest = max(abs(row[state]) for row in reference)
            for time, row, want in zip(self.times, rows, reference):
                if time not in self.dose_times:
                    scale = abs(want[state]) + 1e-3 * largest + 1e-9
                    worst = max(worst, abs(row[state] - want[state]) / scale)
        return worst

    def body(self, state, parameter, rate, power):
        """Lines that read states and parameters and write rates; each argument makes one of them."""
        lines = [state(i, name) for i, name in enumerate(self.states)]
        lines += [parameter(i, name) for i, name in enumerate(self.parameters)]
        lines += [power(f"{name} = {formula}") for name, formula in self.rules]
        lines += [power(rate(i, formula)) for i, (_, formula) in enumerate(self.rates)]
        return lines


def table(name):
    """A golden table without its notes."""
    lines = (ROOT / "golden/solve" / name).read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def python(problem):
    """A function of time, states and parameters that fills rates: for scipy and numba."""
    lines = problem.body(
        lambda i, name: f"{name} = y_[{i}]",
        lambda i, name: f"{name} = p_[{i}]",
        lambda i, formula: f"d_[{i}] = {formula}",
        lambda text: re.sub(r"\btime\b", "t_", text),
    )
    return "def rates(t_, y_, d_, p_):\n" + "".join(f"    {line}\n" for line in lines)


def c(problem):
    """The same in C."""
    lines = problem.body(
        lambda i, name: f"double {name} = y_[{i}];",
        lambda i, name: f"double {name} = p_[{i}];",
        lambda i, formula: f"d_[{i}] = {formula}",
        lambda text: (text if text.startswith("d_") else f"double {text}").replace("time", "t_") + ";",
    )
    head = "static void rates(double t_, const double *y_, double *d_, const double *p_) {\n"
    return head + "".join(f"    {line}\n" for line in lines) + "}\n"


def diffsl(problem):
    """The same in DiffSL, where names of one's own must not clash with its own."""
    own = {name: f"v{name.lower()}{i}" for i, name in enumerate(
        problem.states + problem.parameters + [name for name, _ in problem.rules])}
    def renamed(formula):
        formula = re.sub(r"\btime\b", "t", formula)
        return re.sub(r"\b[A-Za-z]\w*\b", lambda match: own.get(match[0], match[0]), formula)
    lines = ["in_i { " + ", ".join(f"{own[name]} = 1" for name in problem.parameters + []) ]
    lines[0] += ", " + ", ".join(f"s{i} = 0" for i in range(len(problem.states))) + " }"
    lines.append("u_i { " + ", ".join(f"{own[name]} = s{i}" for i, name in enumerate(problem.states)) + " }")
    lines += [f"{own[name]} {{ {renamed(formula)} }}" for name, formula in problem.rules]
    lines.append("F_i { " + ", ".join(renamed(formula) for _, formula in problem.rates) + " }")
    return "\n".join(lines) + "\n"
