# Makes the golden files made_up_*.csv from made-up subjects: Rscript golden/stats/made_up.R
# Other subjects into another folder: Rscript golden/stats/made_up.R FOLDER SEED SUBJECTS DAYS, where
# times are whole multiples of DAYS (1 unless given; more make more ties).
# R 4.2.2, survival 3.5-3, cmprsk 2.2-11.
suppressMessages({ library(survival); library(cmprsk) })
asked <- commandArgs(trailingOnly = TRUE)
given <- function(at, default) if (length(asked) >= at) asked[at] else default
folder <- given(1, "golden/stats")
source_line <- paste0("# source: R ", getRversion(), ", packages survival ", packageDescription("survival")$Version,
                      " and cmprsk ", packageDescription("cmprsk")$Version, ", by golden/stats/made_up.R")
put <- function(table, name, tolerance, source = source_line) {
  path <- file.path(folder, name)
  writeLines(c(source, paste("# tolerance:", tolerance)), path)
  for (column in names(table)) if (is.numeric(table[[column]])) table[[column]] <- formatC(table[[column]], digits = 14, format = "g", width = 1)
  for (column in names(table)) table[[column]] <- trimws(table[[column]])
  table[is.na(table) | table == "NA" | table == "NaN"] <- ""
  suppressWarnings(write.table(table, path, append = TRUE, sep = ",", quote = FALSE, row.names = FALSE))
}
# subjects by a linear congruential generator, so that they are the same everywhere
state <- as.numeric(given(2, 20160801))
draw <- function() { state <<- (state * 69069 + 1) %% 2^32; state / 2^32 }
n <- as.integer(given(3, 90))
grid <- as.numeric(given(4, 1))
d <- data.frame(id = 1:n, entry = 0, time = 0, cause = 0, arm = "", group = "", site = 0, stratum = 0, age = 0, marker = 0)
for (i in 1:n) {
  d$arm[i] <- c("a", "b")[1 + (draw() < 0.5)]
  d$group[i] <- c("low", "mid", "top")[1 + floor(3 * draw())]
  d$site[i] <- 1 + floor(12 * draw())
  d$stratum[i] <- 1 + (draw() < 0.4)
  d$age[i] <- 40 + floor(40 * draw())
  d$marker[i] <- round(4 * draw() + 0.5 * (d$arm[i] == "b"), 2)
  rate <- 0.03 * exp(0.5 * (d$arm[i] == "b") + 0.02 * (d$age[i] - 60) + 0.15 * d$marker[i])
  event <- grid * ceiling(-log(draw()) / rate / grid)
  censor <- grid * ceiling((1 + floor(70 * draw())) / grid)
  d$time[i] <- min(event, censor)
  d$cause[i] <- if (event <= censor) 1 + (draw() < 0.35) else 0
  d$entry[i] <- if (draw() < 0.5) floor(draw() * d$time[i]) else 0
}
d$event <- as.integer(d$cause > 0)
put(d, "made_up_data.csv", "exact", "# source: made up, by golden/stats/made_up.R; time in days, cause 1 and 2 compete, 0 censored")

# R cannot sum over all orders of very many tied events
all_ties <- c("efron", "breslow", if (grid == 1) "exact")
models <- list(
  plain = list(f = "Surv(time, event) ~ arm + age + marker", ties = all_ties),
  strata = list(f = "Surv(time, event) ~ arm + age + strata(stratum)", ties = all_ties),
  late = list(f = "Surv(entry, time, event) ~ arm + age + marker", ties = c("efron", "breslow")),
  cluster = list(f = "Surv(time, event) ~ arm + age + marker + cluster(site)", ties = c("efron", "breslow")),
  alone = list(f = "Surv(time, event) ~ arm + age + marker + cluster(id)", ties = c("efron", "breslow")),
  both = list(f = "Surv(entry, time, event) ~ arm + age + strata(stratum) + cluster(site)", ties = c("efron", "breslow")))
control <- coxph.control(eps = 1e-13, iter.max = 50)
# subjects with the same covariates are tied: the matrix product of coxph may part them by its last bit
concordance_of <- function(fit, strata) unname(
  concordancefit(fit$y, round(fit$linear.predictors, 12), strata, reverse = TRUE, timefix = FALSE)$concordance)
terms <- NULL; tests <- NULL
for (name in names(models)) for (ties in models[[name]]$ties) {
  fit <- coxph(as.formula(models[[name]]$f), data = d, ties = ties, control = control)
  table <- summary(fit)$coefficients
  robust <- if ("robust se" %in% colnames(table)) table[, "robust se"] else NA
  terms <- rbind(terms, data.frame(model = name, ties = ties, term = rownames(table), estimate = fit$coefficients,
                                   error = table[, "se(coef)"], robust_error = robust))
  naive <- if (is.null(fit$naive.var)) fit$var else fit$naive.var
  tests <- rbind(tests, data.frame(model = name, ties = ties, n = fit$n, events = fit$nevent, null_likelihood = fit$loglik[1],
    likelihood = fit$loglik[2], wald = drop(fit$coefficients %*% solve(naive) %*% fit$coefficients), score = fit$score,
    concordance = concordance_of(fit, if (name %in% c("strata", "both")) d$stratum)))
}
put(terms, "made_up_cox_terms.csv", "1e-6 relative")
put(tests, "made_up_cox_models.csv", "1e-6 relative")

checks <- NULL
for (name in c("plain", "strata", "late")) for (ties in c("efron", "breslow")) for (clock in c("km", "identity", "log")) {
  fit <- coxph(as.formula(models[[name]]$f), data = d, ties = ties, control = control)
  table <- cox.zph(fit, transform = clock, terms = FALSE)$table
  checks <- rbind(checks, data.frame(model = name, ties = ties, clock = clock, term = rownames(table), statistic = table[, "chisq"],
                                     freedom = table[, "df"], probability = table[, "p"]))
}
put(checks, "made_up_cox_check.csv", "1e-6 relative")

curves <- NULL
for (late in c(FALSE, TRUE)) for (arm in c("a", "b")) for (band in c("plain", "log", "log-log")) {
  part <- d[d$arm == arm, ]
  s <- if (late) Surv(part$entry, part$time, part$event) else Surv(part$time, part$event)
  fit <- survfit(s ~ 1, conf.type = band)
  curves <- rbind(curves, data.frame(late = late, arm = arm, band = band, time = fit$time, n_risk = fit$n.risk, n_event = fit$n.event,
    n_censor = fit$n.censor, survival = fit$surv, error = ifelse(fit$surv > 0, fit$surv * fit$std.err, NA), lower = fit$lower, upper = fit$upper))
}
put(curves[curves$n_event > 0, ], "made_up_km_curve.csv", "1e-9 relative; blank has no value")

tests <- NULL
for (group in c("arm", "group")) for (stratum in c("", "stratum")) for (rho in 0:1) {
  f <- paste("Surv(time, event) ~", group, if (stratum == "") "" else "+ strata(stratum)")
  fit <- survdiff(as.formula(f), data = d, rho = rho)
  freedom <- length(unique(d[[group]])) - 1
  tests <- rbind(tests, data.frame(group = group, strata = stratum, rho = rho, statistic = fit$chisq, freedom = freedom,
    probability = pchisq(fit$chisq, freedom, lower.tail = FALSE)))
}
put(tests, "made_up_log_rank.csv", "1e-9 relative")

gray <- NULL; incidence <- NULL
for (group in c("arm", "group")) {
  fit <- cuminc(d$time, d$cause, d[[group]])
  for (cause in 1:2) gray <- rbind(gray, data.frame(group = group, cause = cause, statistic = fit$Tests[cause, "stat"],
    freedom = fit$Tests[cause, "df"], probability = fit$Tests[cause, "pv"]))
  for (level in sort(unique(d[[group]]))) {
    part <- d[d[[group]] == level, ]
    state <- survfit(Surv(part$time, factor(part$cause, 0:2)) ~ 1, conf.type = "log-log")
    for (cause in 1:2) for (time in c(10, 25, 40)) {
      at <- sum(state$time <= time)
      if (at > 0 && state$pstate[at, cause + 1] > 0) incidence <- rbind(incidence, data.frame(group = group, level = level, cause = cause, time = time,
        incidence = state$pstate[at, cause + 1], error = state$std.err[at, cause + 1]))
    }
  }
}
put(gray, "made_up_gray.csv", "1e-9 relative")
put(incidence, "made_up_incidence.csv", "1e-9 relative for incidence, 1e-8 for errors")

tails <- expand.grid(freedom = c(1, 2, 3, 5, 10, 40), statistic = c(1e-8, 0.01, 0.5, 1, 3.84, 12, 60, 300))
tails$probability <- pchisq(tails$statistic, tails$freedom, lower.tail = FALSE)
put(tails, "chi_square.csv", "1e-12 relative")
