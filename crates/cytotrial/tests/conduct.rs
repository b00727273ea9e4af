mod common;
use common::world;
use cytotrial::conduct::run::block;
#[test]
fn probe() {
    for (arms, patients) in
        [(&["car-nk"][..], 6), (&["car-nk"][..], 18), (&["bcma-car-t"][..], 18), (&[][..], 5)]
    {
        let world = world(arms, patients, |_| {});
        let t = std::time::Instant::now();
        let r = block(&world, 0..8, 8);
        println!(
            "{arms:?} {patients} {:?} sim {}",
            t.elapsed(),
            r.iter().map(|r| r.simulated).sum::<u32>()
        );
    }
}
