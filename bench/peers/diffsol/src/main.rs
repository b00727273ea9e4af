//! One problem by diffsol, from equations in DiffSL: `peer-diffsol METHOD FILE DAYS DOSED`, patients on stdin.

use std::io::Read;
use std::time::Duration;

use diffsol::{
    CraneliftJitModule, NalgebraContext, NalgebraLU, NalgebraMat, NalgebraVec, OdeBuilder,
    OdeEquations, OdeSolverMethod, OdeSolverStopReason, Vector,
};

type Failed = Box<dyn std::error::Error>;

struct Job {
    times: Vec<f64>,
    days: Vec<f64>,
    dosed: usize,
    states: usize,
}

/// Values of every state at every time, one time after the other.
fn follow<'a, Eqn, S>(mut solver: S, job: &Job, dose: f64) -> Result<Vec<f64>, Failed>
where
    Eqn: OdeEquations<T = f64, V = NalgebraVec<f64>> + 'a,
    S: OdeSolverMethod<'a, Eqn>,
{
    let mut rows = Vec::with_capacity(job.times.len() * job.states);
    let last = job.times[job.times.len() - 1];
    let mut next = 0;
    for (stretch, &stop) in job.days.iter().chain([&last]).enumerate() {
        if stretch > 0 {
            solver.state_mut().y[job.dosed] += dose;
        }
        solver.set_stop_time(stop)?;
        let mut over = false;
        while !over {
            let now = solver.state().t;
            while next < job.times.len() && job.times[next] <= now && job.times[next] <= stop {
                let at = if job.times[next] < now {
                    solver.interpolate(job.times[next])?
                } else {
                    solver.state().y.clone()
                };
                rows.extend((0..job.states).map(|state| at[state]));
                next += 1;
            }
            over = now >= stop;
            if !over {
                let reason = solver.step()?;
                if matches!(reason, OdeSolverStopReason::TstopReached) {
                    let now = solver.state().t;
                    while next < job.times.len() && job.times[next] <= now {
                        let at = if job.times[next] < now {
                            solver.interpolate(job.times[next])?
                        } else {
                            solver.state().y.clone()
                        };
                        rows.extend((0..job.states).map(|state| at[state]));
                        next += 1;
                    }
                    over = true;
                }
            }
        }
    }
    Ok(rows)
}

/// Time of the processor that this process has spent.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanoseconds)
}

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&words[2])?;
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let mut numbers = input.split_whitespace().map(|word| word.parse::<f64>());
    let mut number = || numbers.next().ok_or("the input is too short")?.map_err(Failed::from);
    let [patients, states, parameters, count] =
        [number()? as usize, number()? as usize, number()? as usize, number()? as usize];
    let mut take = |many: usize| (0..many).map(|_| number()).collect::<Result<Vec<f64>, Failed>>();
    let times = take(count)?;
    let limit = Duration::from_secs_f64(take(1)?[0]);
    let data: Vec<Vec<f64>> =
        (0..patients).map(|_| take(1 + states + parameters)).collect::<Result<_, Failed>>()?;
    let days = words[3].split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let job = Job { times, days, dosed: words[4].parse()?, states };
    let mut problem = OdeBuilder::<NalgebraMat<f64>>::new()
        .rtol(1e-6)
        .atol([1e-9])
        .build_from_diffsl::<CraneliftJitModule>(&text)?;
    let mut solve = |patient: usize| -> Result<Vec<f64>, Failed> {
        let (starts, values) = data[patient][1..].split_at(states);
        let inputs = [values, starts].concat();
        problem.eqn_mut().set_params(&NalgebraVec::from_vec(inputs, NalgebraContext::default()));
        let dose = data[patient][0];
        match words[1].as_str() {
            "bdf" => follow(problem.bdf::<NalgebraLU<f64>>()?, &job, dose),
            _ => follow(problem.tsit45()?, &job, dose),
        }
    };
    let rows = (0..patients).map(&mut solve).collect::<Result<Vec<_>, Failed>>()?;
    let (begin, mut solved) = (spent(), 0);
    while spent() - begin < limit {
        solve(solved % patients)?;
        solved += 1;
    }
    println!("rate {}", solved as f64 / (spent() - begin).as_secs_f64());
    for (patient, values) in rows.iter().enumerate() {
        for row in values.chunks(states) {
            let shown: Vec<String> = row.iter().map(|value| format!("{value:e}")).collect();
            println!("{patient} {}", shown.join(" "));
        }
    }
    Ok(())
}
