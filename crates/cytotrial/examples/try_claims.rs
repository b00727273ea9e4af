use cytotrial::claims::verdict::Grounds;
use cytotrial::operation::{Unwatched, claims::prepare, simulate::SimulateRequest};
use cytotrial::protocol::files::Files;
fn main() {
    let replicates: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let seed: Option<u64> = std::env::args().nth(2).map(|s| s.parse().unwrap());
    let wanted = std::env::args().nth(3).map(|s| s.split(',').map(str::to_owned).collect());
    let request = SimulateRequest {
        files: Files::bundled("NCT06379451").unwrap(),
        replicates: Some(replicates),
        seed,
        ..Default::default()
    };
    let started = std::time::Instant::now();
    let prepared = match prepare(&request, wanted) {
        Ok(p) => p,
        Err(e) => {
            for p in e {
                println!("{p:?}");
            }
            return;
        }
    };
    println!("prepared {:?}", started.elapsed());
    let found = prepared.run(&Unwatched).unwrap();
    println!("ran {:?}", started.elapsed());
    for claim in &found.claims {
        println!(
            "{} {:?}{} {}",
            claim.claim.id,
            claim.verdict,
            if claim.near_limit { " (near)" } else { "" },
            claim.claim.title
        );
        for (t, f) in claim.claim.tests.iter().zip(&claim.tests) {
            println!("  T {:?} {}: {}", f.judged.verdict, t.subject.words(), t.measure.code);
            match &f.judged.grounds {
                Grounds::Probability { probability, interval, ties, .. } => println!(
                    "      P {probability:.3} ({:.3}-{:.3}) ties {ties}",
                    interval.0, interval.1
                ),
                g => println!("      {g:?}"),
            }
            if let Some(e) = &f.effect {
                println!(
                    "      mean {:.4} range {:.4} {:.4} {:.4} luck {:?}+-{:.3} n {:.1} assumed {:?}",
                    e.mean,
                    e.range.0,
                    e.range.1,
                    e.range.2,
                    e.luck,
                    e.luck_error,
                    e.patients,
                    f.assumed
                );
            }
        }
        for (s, e) in claim.claim.switches.iter().zip(&claim.switches) {
            if let Some(e) = e {
                println!(
                    "  S {}: {} mean {:.4} ({:.4} {:.4})",
                    s.off, s.measure.code, e.mean, e.range.0, e.range.2
                );
            } else {
                println!("  S {} none", s.off);
            }
        }
        for (s, es) in claim.claim.shows.iter().zip(&claim.shows) {
            println!("  show {} over {}", s.says, s.over);
            for ((l, _), e) in s.rows.iter().zip(es) {
                if let Some(e) = e {
                    println!("     {l}: {:.4} ({:.4} {:.4})", e.mean, e.range.0, e.range.2);
                } else {
                    println!("     {l}: none");
                }
            }
        }
    }
}
