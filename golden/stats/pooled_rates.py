"""Writes pooled_rates.csv beside this file: beta-binomial fits by SciPy, independent of this program."""
import pathlib

import numpy as np
import scipy
from scipy import optimize, stats

TARONE = """0/20 0/20 0/20 0/20 0/20 0/20 0/20 0/19 0/19 0/19 0/19 0/18 0/18 0/17 1/20 1/20 1/20 1/20 1/19
1/19 1/18 1/18 2/25 2/24 2/23 2/20 2/20 2/20 2/20 2/20 2/20 1/10 5/49 2/19 5/46 3/27 2/17 7/49 7/47 3/20 3/20
2/13 9/48 10/50 4/20 4/20 4/20 4/20 4/20 4/20 4/20 10/48 4/19 4/19 4/19 5/22 11/46 12/49 5/20 5/20 6/23 5/19
6/22 6/20 6/20 6/20 16/52 15/47 15/46 9/24"""
CASES = {
    "tarone": TARONE,
    "early-trials": "3/8 7/14 2/21 11/13 5/9",
    "two-trials": "4/31 19/40",
    "zeros": "0/14 1/8 0/23 4/9",
    "overlap": "10/40 11/42 9/38 12/45",
    "large": "224/267 101/278 77/352 14/75 30/41",
}


def negative(parameters, x, n):
    # Beyond a size of e^10 the logarithms of the beta function cancel; the plain binomial is looked at instead.
    rate, size = 1 / (1 + np.exp(-parameters[0])), np.exp(min(parameters[1], 10.0))
    return -stats.betabinom.logpmf(x, n, rate * size, (1 - rate) * size).sum()


def best(x, n, rate=None):
    """The smallest negative log-likelihood; the common rate is looked at as well."""
    common = lambda p: -stats.binom.logpmf(x, n, p).sum()
    found = []
    for start in (0.0, 2.0, 4.0, 6.0):
        if rate is None:
            fit = optimize.minimize(
                negative, [np.log(x.sum() / (n - x).sum()), start], args=(x, n), method="Nelder-Mead",
                options={"xatol": 1e-11, "fatol": 1e-13, "maxiter": 20000})
            found.append((fit.fun, 1 / (1 + np.exp(-fit.x[0])), 1 / (1 + np.exp(fit.x[1]))))
        else:
            logit = np.log(rate / (1 - rate))
            fit = optimize.minimize_scalar(
                lambda t: negative([logit, t], x, n), bounds=(-6, 10), method="bounded",
                options={"xatol": 1e-10})
            found.append((fit.fun, rate, 1 / (1 + np.exp(fit.x))))
    plain = x.sum() / n.sum() if rate is None else rate
    found.append((common(plain), plain, 0.0))
    return min(found)


rows = [f"# source: SciPy {scipy.__version__} (stats.betabinom, optimize), pooled_rates.py beside this file",
        "# tolerance: rate and interval 2e-5, correlation 2e-4, next trial 2e-4, statistic 2e-4",
        "name,counts,rate,lower,upper,correlation,next_low,next_high,statistic"]
for name, text in CASES.items():
    pairs = [tuple(map(int, pair.split("/"))) for pair in text.split()]
    x, n = (np.array(part) for part in zip(*pairs))
    value, rate, rho = best(x, n)
    drop = stats.chi2.ppf(0.95, 1) / 2
    gap = lambda p: best(x, n, p)[0] - value - drop
    lower, upper = optimize.brentq(gap, 1e-6, rate, xtol=1e-12), optimize.brentq(gap, rate, 1 - 1e-6, xtol=1e-12)
    if rho == 0.0:
        following = (rate, rate)
    else:
        size = (1 - rho) / rho
        following = stats.beta.ppf([0.025, 0.975], rate * size, (1 - rate) * size)
    statistic = 2 * (-stats.binom.logpmf(x, n, x.sum() / n.sum()).sum() - value)
    figures = [rate, lower, upper, rho, *following, statistic]
    rows.append(f"{name},{' '.join(text.split())}," + ",".join(f"{figure:.9g}" for figure in figures))
pathlib.Path(__file__).with_name("pooled_rates.csv").write_text("\n".join(rows) + "\n")
